public import TensorTypes

/// `SPLIT_V`: parts of input 0 with the sizes of input 1 (`int32` or `int64`; one may be -1) along the axis of input 2 (`int32`).
///
/// Any element type of fixed width.
public struct SplitV: Operator {
  public static let definition = OperatorDefinition(.splitV, versions: 1...3, options: 79)

  package let count: Int

  public init(options: OperatorOptions) throws(OperatorError) {
    count = Int(try options.int32(0))
  }

  private func resolve(_ input: Shape, _ sizes: [Int], _ values: [Int]) throws(OperatorError) -> (
    axis: Int, sizes: [Int]
  ) {
    guard values.count == 1, let axis = input.axis(values[0]) else {
      throw .malformed("axis \(values) is not one axis of shape \(input)")
    }
    guard sizes.count == count, sizes.allSatisfy({ $0 >= -1 && $0 <= input[axis] }),
      sizes.filter({ $0 == -1 }).count <= 1
    else { throw .malformed("sizes \(sizes) do not split shape \(input) along axis \(axis) into \(count) parts") }
    let known = sizes.reduce(0) { $0 + max($1, 0) }
    guard known <= input[axis], known == input[axis] || sizes.contains(-1) else {
      throw .malformed("sizes \(sizes) do not add up to dimension \(axis) of shape \(input)")
    }
    return (axis, sizes.map { $0 == -1 ? input[axis] - known : $0 })
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 3, outputs: count)
    try node.expectFixedWidth()
    try Splitting.expectSameElements(node, 0)
    try node.expectIndices(1)
    let input = try node.input(0).shape
    let (axis, sizes) = try resolve(input, try node.integers(1), try node.integers(2))
    var shapes: [Shape] = []
    for size in sizes {
      var dimensions = input.dimensions
      dimensions[axis] = size
      guard let shape = Shape(dimensions) else { throw .malformed("shape \(dimensions) is not valid") }
      shapes.append(shape)
    }
    return shapes
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    let outputs = node.outputs.map(\.shape)
    return try .plannedCopies(node, values: [1, 2]) { values throws(OperatorError) in
      let (axis, sizes) = try resolve(input.shape, values[0], values[1])
      guard outputs.count == sizes.count, outputs.allSatisfy({ $0.rank == input.shape.rank }),
        outputs.map({ $0[axis] }) == sizes
      else { throw .invalidValue("sizes \(sizes) do not lead to the inferred shapes") }
      return try Splitting.copies(input, axis: axis, sizes: sizes)
    }
  }
}
