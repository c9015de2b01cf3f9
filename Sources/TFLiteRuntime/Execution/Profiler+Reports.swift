extension Profiler.Entry {
  /// The mean over all invocations.
  public var averageNanoseconds: UInt64 { totalNanoseconds / UInt64(max(invocations, 1)) }
}

extension Profiler {
  /// The time of all steps of one name together.
  public struct Summary: Sendable, Hashable {
    /// The operator's name, or the delegate's with its number of operators.
    public let name: String
    /// Steps of this name.
    public let steps: Int
    public let totalNanoseconds: UInt64
  }

  /// The time of all steps in all invocations.
  public var totalNanoseconds: UInt64 { entries.reduce(0) { $0 + $1.totalNanoseconds } }

  /// The time by name, most first.
  public var summary: [Summary] { Self.summary(of: entries) }

  /// The time by name, most first.
  public static func summary(of entries: [Entry]) -> [Summary] {
    Dictionary(grouping: entries, by: \.name)
      .map { name, entries in
        Summary(name: name, steps: entries.count, totalNanoseconds: entries.reduce(0) { $0 + $1.totalNanoseconds })
      }
      .sorted { ($1.totalNanoseconds, $0.name) < ($0.totalNanoseconds, $1.name) }
  }

  /// Puts together what several profilers recorded of the same steps, in the order of the first that has them.
  static func merge(_ profiles: [[Entry]]) -> [Entry] {
    struct Key: Hashable {
      let node: Int
      let name: String
    }
    var result: [Entry] = []
    var indices: [Key: Int] = [:]
    for entry in profiles.joined() {
      let key = Key(node: entry.node, name: entry.name)
      if let index = indices[key] {
        result[index].add(entry)
      } else {
        indices[key] = result.count
        result.append(entry)
      }
    }
    return result
  }
}
