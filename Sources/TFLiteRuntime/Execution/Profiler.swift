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

  /// One execution of a step, or of an operator inside a delegate's region.
  public struct Event: Sendable, Hashable {
    public let node: Int
    public let name: String
    /// Whether the event is a part of the region whose event follows it.
    public let isInsideRegion: Bool
    /// On the monotonic clock.
    public let startNanoseconds: UInt64
    public let nanoseconds: UInt64
  }

  private var steps = EntryList()
  private var regionOperators = EntryList()
  private let eventCapacity: Int
  /// What ran when, as long as there is room for it.
  public private(set) var events: [Event] = []

  /// One entry for each step, in the order in which they first ran.
  public var entries: [Entry] { steps.entries }

  /// One entry for each operator inside the regions of delegates that tell the times of theirs.
  public var operatorsInRegions: [Entry] { regionOperators.entries }

  /// - Parameter eventCapacity: how many ``events`` to record; none by default.
  public init(eventCapacity: Int = 0) { self.eventCapacity = eventCapacity }

  /// Forgets everything.
  public func reset() {
    steps.removeAll()
    regionOperators.removeAll()
    events.removeAll(keepingCapacity: true)
  }

  func record(_ step: Step, from start: UInt64, to end: UInt64) {
    steps.record(node: step.node, name: step.name, nanoseconds: end &- start)
    add(node: step.node, name: step.name, isInsideRegion: false, from: start, to: end)
  }

  /// Records an operator inside a region.
  func record(node: Int, name: String, from start: UInt64, to end: UInt64) {
    regionOperators.record(node: node, name: name, nanoseconds: end &- start)
    add(node: node, name: name, isInsideRegion: true, from: start, to: end)
  }

  private func add(node: Int, name: String, isInsideRegion: Bool, from start: UInt64, to end: UInt64) {
    guard events.count < eventCapacity else { return }
    events.append(
      Event(node: node, name: name, isInsideRegion: isInsideRegion, startNanoseconds: start, nanoseconds: end &- start))
  }

  private struct EntryList {
    private var indices: [Int: Int] = [:]
    private(set) var entries: [Entry] = []

    mutating func removeAll() {
      indices.removeAll(keepingCapacity: true)
      entries.removeAll(keepingCapacity: true)
    }

    mutating func record(node: Int, name: String, nanoseconds: UInt64) {
      if let index = indices[node] {
        entries[index].invocations += 1
        entries[index].totalNanoseconds += nanoseconds
        entries[index].minimumNanoseconds = min(entries[index].minimumNanoseconds, nanoseconds)
      } else {
        indices[node] = entries.count
        entries.append(
          Entry(
            node: node, name: name, invocations: 1, firstNanoseconds: nanoseconds, totalNanoseconds: nanoseconds,
            minimumNanoseconds: nanoseconds))
      }
    }
  }
}
