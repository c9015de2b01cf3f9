/// Bounds on what a model may ask of the machine, so that a file from a stranger cannot exhaust it.
public struct Limits: Sendable, Hashable {
  /// Elements of any one tensor.
  public var tensorElements: Int
  /// Bytes of all tensors that an interpreter holds at one time (arena, variables, scratch, dynamic tensors).
  public var arenaBytes: Int
  /// Operators of all subgraphs.
  public var operators: Int
  /// Subgraphs that call one another.
  public var recursionDepth: Int
  /// Graphs that an interpreter sets up: its own, and one for each subgraph that an operator runs (`IF`, `WHILE`, …), those of subgraphs
  /// included.
  public var subgraphInstances: Int
  /// Bytes that folding constants may add to one subgraph. What does not fit is computed with the model instead.
  public var foldedConstantBytes: Int
  /// How long computing on constants may take, for folding one subgraph and again while an interpreter resolves its shapes. What does not
  /// get done is computed with the model instead.
  public var foldingTime: Duration

  public init(
    tensorElements: Int = 1 << 31, arenaBytes: Int = 4 << 30, operators: Int = 1_000_000, recursionDepth: Int = 64,
    subgraphInstances: Int = 4096, foldedConstantBytes: Int = 2 << 30, foldingTime: Duration = .seconds(5)
  ) {
    self.subgraphInstances = subgraphInstances
    self.tensorElements = tensorElements
    self.arenaBytes = arenaBytes
    self.operators = operators
    self.recursionDepth = recursionDepth
    self.foldedConstantBytes = foldedConstantBytes
    self.foldingTime = foldingTime
  }

  /// ``foldingTime`` in nanoseconds, at least 0.
  var foldingNanoseconds: UInt64 {
    let (seconds, attoseconds) = foldingTime.components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    // A year is as good as for ever.
    return UInt64(min(seconds, 31_536_000)) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
  }

  /// The limits used unless others are given: 2^31 elements, 4 GiB, a million operators, 64 nested subgraphs.
  public static let standard = Limits()
}
