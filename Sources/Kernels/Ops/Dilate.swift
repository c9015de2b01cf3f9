public import TensorTypes

/// `DILATE`: the input spread out along each dimension by the factors of input 1 (`int32`, a vector of the input's rank), with the element of
/// input 2 in between.
///
/// A dimension of size `n` becomes `(n - 1) * factor + 1`, and stays 0 when it is. Rank 1 to 8; any element type of whole bytes.
public struct Dilate: Operator {
  public static let definition = OperatorDefinition(.dilate, versions: 1...1, options2: 18)

  public init(options: OperatorOptions) {}

  private static func padding(
    _ input: TensorType, _ factors: [Int]
  ) throws(OperatorError) -> InteriorPadding {
    for factor in factors where factor < 1 { throw .invalidValue("the factor \(factor) must be at least 1") }
    let zeros = [Int](repeating: 0, count: input.shape.rank)
    return try InteriorPadding(
      input.shape, low: zeros, high: zeros, interior: factors.map { $0 - 1 }, element: input.element)
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 3)
    try node.expectSameElement()
    try node.expectSameElement(2)
    let input = try node.input(0)
    guard input.shape.rank > 0 else { throw .malformed("the input must not be a scalar") }
    let factors = try node.input(1)
    guard factors.element == .int32, factors.shape.dimensions == [input.shape.rank] else {
      throw .malformed("the factors must be \(input.shape.rank) of int32, not \(factors)")
    }
    guard try node.input(2).shape.elementCount >= 1 else { throw .malformed("there is no element to put in between") }
    return [try Self.padding(input, try node.integers(1)).shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    let output = try node.output(0).shape
    return try .planned(node, values: [1]) { values throws(OperatorError) in
      let padding = try Self.padding(input, values[0])
      guard padding.shape == output else { throw .invalidValue("the factors do not lead to shape \(output)") }
      return padding
    } run: { io, padding throws(OperatorError) in
      try unsafe padding.run(io, io.inputBytes(0), value: io.inputBytes(2), to: io.outputBytes(0))
    }
  }
}
