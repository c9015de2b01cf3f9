/// Where every operator runs, and why not elsewhere.
public struct Placement: Sendable, Hashable {
  public struct Entry: Sendable, Hashable {
    /// Where the operator stands in the model.
    public let origin: Node.Origin
    public let name: String
    public let version: Int
    /// The delegate's name, `builtin` for the built-in kernels.
    public let delegate: String
    /// Why no delegate took it; empty where one did or none was asked.
    public let reason: String

    public init(origin: Node.Origin, name: String, version: Int, delegate: String, reason: String) {
      self.origin = origin
      self.name = name
      self.version = version
      self.delegate = delegate
      self.reason = reason
    }
  }

  /// Operators that a delegate runs as one step.
  public struct Partition: Sendable, Hashable {
    public let subgraph: Int
    public let delegate: String
    /// Indices of the operators in their subgraph of the model.
    public let operators: [Int]
    /// Bytes that the partition reads of what others computed, constants not counted.
    public let inputBytes: Int
    /// Bytes that it writes for others.
    public let outputBytes: Int

    public init(subgraph: Int, delegate: String, operators: [Int], inputBytes: Int, outputBytes: Int) {
      self.subgraph = subgraph
      self.delegate = delegate
      self.operators = operators
      self.inputBytes = inputBytes
      self.outputBytes = outputBytes
    }
  }

  public static let builtin = "builtin"

  public init() {}

  /// Adds the operators and partitions of another part of the model.
  public mutating func append(_ other: Placement) {
    operators += other.operators
    partitions += other.partitions
  }

  /// One entry for each operator that runs, in the model's order. Operators that were folded at load do not run.
  public var operators: [Entry] = []
  public var partitions: [Partition] = []
}

extension Placement: CustomStringConvertible {
  public var description: String {
    operators.map { entry in
      let reason = entry.reason.isEmpty ? "" : ": \(entry.reason)"
      return
        "\(entry.origin.subgraph).\(entry.origin.index) \(entry.name) v\(entry.version) -> \(entry.delegate)\(reason)"
    }.joined(separator: "\n")
  }
}
