public import TensorTypes

/// `REVERSE_V2`: the input with the order along the axes that input 1 (`int32`) names turned round.
///
/// Any element type of fixed width.
public struct ReverseV2: Operator {
  public static let definition = OperatorDefinition(.reverseV2, versions: 1...4, options: 81)

  public init(options: OperatorOptions) {}

  private static func axes(_ input: Shape, _ values: [Int]) throws(OperatorError) -> Set<Int> {
    var axes: Set<Int> = []
    for value in values {
      guard let axis = input.axis(value), axes.insert(axis).inserted else {
        throw .malformed("axes \(values) are not distinct axes of shape \(input)")
      }
    }
    return axes
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2)
    try node.expectFixedWidth()
    try node.expectSameElement()
    let axes = try node.input(1)
    guard axes.element == .int32, axes.shape.rank == 1 else {
      throw .malformed("the axes must be a vector of int32, not \(axes)")
    }
    return [try node.input(0).shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    return try .planned(node, values: [1]) { values throws(OperatorError) -> StridedCopy in
      let axes = try Self.axes(input.shape, values[0])
      let strides = input.shape.strides
      var offset = 0
      var box: [StridedCopy.Dimension] = []
      for axis in 0..<input.shape.rank {
        let size = input.shape[axis]
        let isReversed = axes.contains(axis)
        if isReversed { offset += max(size - 1, 0) * strides[axis] }
        box.append(.init(size, source: isReversed ? -strides[axis] : strides[axis], target: strides[axis]))
      }
      return try StridedCopy(
        box, sourceOffset: offset, element: input.element, sourceCount: input.shape.elementCount,
        targetCount: input.shape.elementCount)
    } run: { io, copy throws(OperatorError) in
      try copy.run(io)
    }
  }
}
