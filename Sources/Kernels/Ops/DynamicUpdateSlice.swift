internal import Glibc
public import TensorTypes

/// `DYNAMIC_UPDATE_SLICE`: the input (0) with a box replaced by the update (1), at the start that input 2 (`int32` or `int64`) names.
///
/// The start is moved so that the box lies inside. Any element type of fixed width.
public struct DynamicUpdateSlice: Operator {
  public static let definition = OperatorDefinition(.dynamicUpdateSlice, versions: 1...6, options: 117)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([0]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 3)
    try node.expectFixedWidth()
    try node.expectSameElement()
    try node.expectSameElement(1)
    try node.expectIndices(2)
    let input = try node.input(0).shape
    let update = try node.input(1).shape
    let start = try node.input(2).shape
    guard update.rank == input.rank, zip(update.dimensions, input.dimensions).allSatisfy({ $0 <= $1 }) else {
      throw .malformed("an update of shape \(update) does not fit in \(input)")
    }
    guard start.rank == 1, start.elementCount == input.rank else {
      throw .malformed("the start must have \(input.rank) values, not shape \(start)")
    }
    return [input]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    let update = try node.input(1).shape
    let startType = try node.input(2).element
    let rank = input.shape.rank
    let from = update.strides
    let to = input.shape.strides
    let box = (0..<rank).map { StridedCopy.Dimension(update[$0], source: from[$0], target: to[$0]) }
    let whole = try Kernel.byteCopy(node)
    let count = input.shape.elementCount
    let copy = try StridedCopy(
      box, element: input.element, sourceCount: update.elementCount, targetCount: count)
    let bits = input.element.bitWidth
    return Kernel { io throws(OperatorError) in
      try whole.invoke(io)
      guard update.elementCount > 0 else { return }
      var offset = 0
      for axis in 0..<rank {
        let start = min(max(io.index(2, axis, startType), 0), input.shape[axis] - update[axis])
        offset += start * to[axis]
      }
      if bits >= 8 {
        try copy.run(io, input: 1, movedBy: offset * (bits / 8))
      } else {
        try StridedCopy(
          box, targetOffset: offset, element: input.element, sourceCount: update.elementCount, targetCount: count
        ).run(io, input: 1)
      }
    }
  }
}
