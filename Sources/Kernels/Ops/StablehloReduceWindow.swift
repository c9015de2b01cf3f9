public import TensorTypes

/// `STABLEHLO_REDUCE_WINDOW`: windows that slide over input 0, spread out and padded with input 1, each reduced to one element that begins with
/// input 1.
///
/// The single operator of the subgraph that the options name is the function: an addition, multiplication, minimum, maximum, logical and or
/// logical or, of TFLite or StableHLO. Rank 1 to 6; `bool`, `int8`, `uint8`, `int16`, `int32`, `int64` (wrapping), `float32` or `float64`.
public struct StablehloReduceWindow: Operator {
  public static let definition = OperatorDefinition(.stablehloReduceWindow, versions: 1...1, options2: 13)

  /// The windows' sizes; the lists below have as many entries.
  package let window: [Int]
  package let strides: [Int]
  /// Distances between the input's elements before windows slide over them.
  package let baseDilations: [Int]
  package let windowDilations: [Int]
  /// Elements before and behind each dimension, after spreading out; cropped when negative.
  package let padding: [Int]

  public init(options: OperatorOptions) throws(OperatorError) {
    let window = try options.dimensions(0)
    guard !window.isEmpty else { throw .malformed("there are no window sizes") }
    func list(_ slot: Int, count: Int, _ value: Int) throws(OperatorError) -> [Int] {
      let stored = try options.dimensions(slot)
      guard stored.isEmpty || stored.count == count else {
        throw .malformed("options field \(slot) has \(stored.count) entries instead of \(count)")
      }
      return stored.isEmpty ? [Int](repeating: value, count: count) : stored
    }
    self.window = window
    strides = try list(1, count: window.count, 1)
    baseDilations = try list(2, count: window.count, 1)
    windowDilations = try list(3, count: window.count, 1)
    padding = try list(4, count: 2 * window.count, 0)
  }

  private func plan(_ node: NodeContext) throws(OperatorError) -> (padding: InteriorPadding, WindowReduction) {
    let input = try node.input(0)
    guard window.count == input.shape.rank else {
      throw .malformed("windows of rank \(window.count) for an input of rank \(input.shape.rank)")
    }
    for dilation in baseDilations where dilation < 1 {
      throw .malformed("the base dilation \(dilation) must be at least 1")
    }
    let spread = try InteriorPadding(
      input.shape, low: window.indices.map { padding[2 * $0] }, high: window.indices.map { padding[2 * $0 + 1] },
      interior: baseDilations.map { $0 - 1 }, element: input.element)
    return (spread, try WindowReduction(spread.shape, window: window, strides: strides, dilations: windowDilations))
  }

  private static func function(_ node: NodeContext) throws(OperatorError) -> WindowFunction {
    guard let body = node.bodies.first else { throw .malformed("there is no subgraph that says what is computed") }
    guard let identity = body.first, body.count == 1 else {
      throw .unsupported("a computation of \(body.count) operators; one is supported")
    }
    switch identity {
    case .builtin(.add), .builtin(.stablehloAdd): return .sum
    case .builtin(.mul), .builtin(.stablehloMultiply): return .product
    case .builtin(.minimum), .builtin(.stablehloMinimum): return .minimum
    case .builtin(.maximum), .builtin(.stablehloMaximum): return .maximum
    case .builtin(.logicalAnd), .builtin(.stablehloAnd): return .all
    case .builtin(.logicalOr), .builtin(.stablehloOr): return .any
    case .builtin(let other): throw .unsupported("the computation \(other.name)")
    case .custom(let name): throw .unsupported("the computation \(name)")
    }
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2)
    try node.expectSameElement()
    try node.expectSameElement(1)
    guard try node.input(1).shape.elementCount >= 1 else { throw .malformed("there is no initial value") }
    _ = try Self.function(node)
    return [try plan(node).1.shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let (spread, reduction) = try plan(node)
    return try reduction.kernel(
      try Self.function(node), try node.input(0).element, padding: spread.isIdentity ? nil : spread)
  }
}
