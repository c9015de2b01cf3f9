/// Times of steps, gathered over invocations. Belongs to one interpreter.
public final class Profiler {
  /// What was recorded of one step.
  public struct Entry: Sendable, Hashable {
    /// The graph's node, in execution order of the file.
    public let node: Int
    public let name: String
    public fileprivate(set) var invocations: Int
    /// Duration of the first invocation.
    public let firstNanoseconds: UInt64
    public fileprivate(set) var totalNanoseconds: UInt64
    public fileprivate(set) var minimumNanoseconds: UInt64

    /// Adds what another profiler recorded of the same step.
    mutating func add(_ other: Entry) {
      invocations += other.invocations
      totalNanoseconds += other.totalNanoseconds
      minimumNanoseconds = min(minimumNanoseconds, other.minimumNanoseconds)
    }
  }

  private var indices: [Int: Int] = [:]
  /// One entry for each step, in the order in which they first ran.
  public private(set) var entries: [Entry] = []

  public init() {}

  /// Forgets everything.
  public func reset() {
    indices.removeAll(keepingCapacity: true)
    entries.removeAll(keepingCapacity: true)
  }

  func record(_ step: Step, nanoseconds: UInt64) {
    if let index = indices[step.node] {
      entries[index].invocations += 1
      entries[index].totalNanoseconds += nanoseconds
      entries[index].minimumNanoseconds = min(entries[index].minimumNanoseconds, nanoseconds)
    } else {
      indices[step.node] = entries.count
      entries.append(
        Entry(
          node: step.node, name: step.name, invocations: 1, firstNanoseconds: nanoseconds,
          totalNanoseconds: nanoseconds,
          minimumNanoseconds: nanoseconds))
    }
  }
}
