public import TensorTypes

/// `TILE`: the input repeated along each dimension as often as input 1 (`int32` or `int64`) says.
///
/// Any element type of fixed width.
public struct Tile: Operator {
  public static let definition = OperatorDefinition(.tile, versions: 1...3, options: 51)

  public init(options: OperatorOptions) {}

  private static func shape(_ input: Shape, _ multiples: [Int]) throws(OperatorError) -> Shape {
    guard multiples.count == input.rank else {
      throw .malformed("\(multiples.count) multiples for an input of rank \(input.rank)")
    }
    var dimensions: [Int] = []
    for (dimension, multiple) in zip(input.dimensions, multiples) {
      let (size, overflow) = dimension.multipliedReportingOverflow(by: multiple)
      guard multiple >= 0, !overflow else { throw .malformed("multiples \(multiples) are not valid") }
      dimensions.append(size)
    }
    guard let shape = Shape(dimensions) else { throw .malformed("shape \(dimensions) is not valid") }
    return shape
  }

  public var movedInput: Int? { 0 }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2)
    try node.expectFixedWidth()
    try node.expectSameElement()
    try node.expectIndices(1)
    return [try Self.shape(try node.input(0).shape, try node.integers(1))]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    let output = try node.output(0).shape
    return try .planned(node, values: [1]) { values throws(OperatorError) -> StridedCopy in
      guard try Self.shape(input.shape, values[0]) == output else {
        throw .invalidValue("multiples \(values[0]) do not lead to shape \(output)")
      }
      let from = input.shape.strides
      let to = output.strides
      var box: [StridedCopy.Dimension] = []
      for axis in 0..<output.rank {
        let size = input.shape[axis]
        box.append(.init(values[0][axis], source: 0, target: to[axis] * size))
        box.append(.init(size, source: from[axis], target: to[axis]))
      }
      return try StridedCopy(
        box, element: input.element, sourceCount: input.shape.elementCount, targetCount: output.elementCount)
    } run: { io, copy throws(OperatorError) in
      try copy.run(io)
    }
  }
}
