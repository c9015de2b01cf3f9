public import TensorTypes

/// `BROADCAST_TO`: the input repeated to fill the shape of input 1 (`int32` or `int64`), under NumPy's rule.
///
/// Any element type of fixed width.
public struct BroadcastTo: Operator {
  public static let definition = OperatorDefinition(.broadcastTo, versions: 2...4, options: 104)

  public init(options: OperatorOptions) {}

  private static func shape(_ input: Shape, _ values: [Int]) throws(OperatorError) -> Shape {
    guard let shape = Shape(values), shape.rank >= input.rank, input.broadcast(with: shape) == shape else {
      throw .malformed("shape \(input) does not broadcast to \(values)")
    }
    return shape
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2)
    try node.expectFixedWidth()
    try node.expectSameElement()
    try node.expectIndices(1)
    return [try Self.shape(try node.input(0).shape, try node.integers(1))]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    // The result's shape is all that the values say.
    let input = try node.input(0)
    let output = try Self.shape(input.shape, try node.output(0).shape.dimensions)
    let missing = output.rank - input.shape.rank
    let from = input.shape.strides
    let to = output.strides
    let copy = try StridedCopy(
      (0..<output.rank).map { axis in
        let isRepeated = axis < missing || input.shape[axis - missing] == 1
        return .init(output[axis], source: isRepeated ? 0 : from[axis - missing], target: to[axis])
      }, element: input.element, sourceCount: input.shape.elementCount, targetCount: output.elementCount)
    return Kernel { io throws(OperatorError) in try copy.run(io) }
  }
}
