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
  /// Bytes that folding constants at load may add.
  public var foldedConstantBytes: Int

  public init(
    tensorElements: Int = 1 << 31, arenaBytes: Int = 4 << 30, operators: Int = 1_000_000, recursionDepth: Int = 64,
    subgraphInstances: Int = 4096, foldedConstantBytes: Int = 2 << 30
  ) {
    self.subgraphInstances = subgraphInstances
    self.tensorElements = tensorElements
    self.arenaBytes = arenaBytes
    self.operators = operators
    self.recursionDepth = recursionDepth
    self.foldedConstantBytes = foldedConstantBytes
  }

  /// The limits used unless others are given: 2^31 elements, 4 GiB, a million operators, 64 nested subgraphs.
  public static let standard = Limits()
}
