public import TensorTypes

/// `REDUCE_WINDOW`: windows that slide over input 0, each reduced to one element that begins with input 1.
///
/// Inputs 2, 3 and 4 (`int64`, one element for each dimension) are the windows' sizes, strides and dilations. Rank 1 to 6; `bool`, `int8`,
/// `uint8`, `int16`, `int32`, `int64` (wrapping), `float32` or `float64`. The function is an option.
public struct ReduceWindow: Operator {
  public static let definition = OperatorDefinition(.reduceWindow, versions: 1...1, options2: 20)

  package let function: WindowFunction

  public init(options: OperatorOptions) throws(OperatorError) {
    let raw = try options.int32(0)
    guard let function = WindowFunction(rawValue: raw) else { throw .unsupported("the window function \(raw)") }
    self.function = function
  }

  private static func reduction(_ input: Shape, _ values: [[Int]]) throws(OperatorError) -> WindowReduction {
    try WindowReduction(input, window: values[0], strides: values[1], dilations: values[2])
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 5)
    try node.expectSameElement()
    try node.expectSameElement(1)
    guard try node.input(1).shape.elementCount >= 1 else { throw .malformed("there is no initial value") }
    for index in 2...4 {
      let type = try node.input(index)
      guard type.element == .int64 else { throw .malformed("input \(index) must be int64, not \(type.element)") }
    }
    return [
      try Self.reduction(
        try node.input(0).shape, [try node.integers(2), try node.integers(3), try node.integers(4)]
      ).shape
    ]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let values = [try node.integers(2), try node.integers(3), try node.integers(4)]
    let input = try node.input(0)
    return try Self.reduction(input.shape, values).kernel(function, input.element)
  }
}
