public import TensorTypes

/// `SPLIT`: equal parts of input 1 along the axis that input 0 (`int32`) names.
///
/// Any element type of fixed width. The axis must be a multiple of the number of outputs (`num_splits`).
public struct Split: Operator {
  public static let definition = OperatorDefinition(.split, versions: 1...5, options: 35)

  package let count: Int

  public init(options: OperatorOptions) throws(OperatorError) {
    count = Int(try options.int32(0))
  }

  private func resolve(_ input: Shape, _ values: [Int]) throws(OperatorError) -> (axis: Int, size: Int) {
    guard values.count == 1, let axis = input.axis(values[0]) else {
      throw .malformed("axis \(values) is not one axis of shape \(input)")
    }
    guard count > 0, input[axis] % count == 0 else {
      throw .malformed("axis \(axis) of shape \(input) cannot be split into \(count) equal parts")
    }
    return (axis, input[axis] / count)
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2, outputs: count)
    try node.expectFixedWidth(1)
    try Splitting.expectSameElements(node, 1)
    guard try node.input(0).element == .int32 else { throw .malformed("the axis must be int32") }
    let input = try node.input(1).shape
    let (axis, size) = try resolve(input, try node.integers(0))
    var dimensions = input.dimensions
    dimensions[axis] = size
    guard let shape = Shape(dimensions) else { throw .malformed("shape \(dimensions) is not valid") }
    return [Shape](repeating: shape, count: count)
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(1)
    let output = try node.output(0).shape
    return try .plannedCopies(node, values: [0]) { values throws(OperatorError) in
      let (axis, size) = try resolve(input.shape, values[0])
      guard output.rank == input.shape.rank, output[axis] == size else {
        throw .invalidValue("axis \(axis) does not lead to shape \(output)")
      }
      return try Splitting.copies(input, operand: 1, axis: axis, sizes: [Int](repeating: size, count: count))
    }
  }
}
