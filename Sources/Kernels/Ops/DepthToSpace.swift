public import TensorTypes

/// `DEPTH_TO_SPACE`: moves blocks of channels into squares of `block_size` pixels. Channels must be a multiple of the square's size.
///
/// Input `[batch, height, width, channels]` of any element type of fixed width.
public struct DepthToSpace: Operator {
  public static let definition = OperatorDefinition(.depthToSpace, versions: 1...2, options: 94)

  package let blockSize: Int

  public init(options: OperatorOptions) throws(OperatorError) {
    blockSize = Int(try options.int32(0))
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 1)
    try node.expectFixedWidth()
    try node.expectSameElement()
    let input = try node.input(0).shape
    guard input.rank == 4 else { throw .malformed("rank \(input.rank); takes [batch, height, width, channels]") }
    guard blockSize > 0 else { throw .malformed("block size \(blockSize)") }
    let (square, overflow) = blockSize.multipliedReportingOverflow(by: blockSize)
    guard !overflow, input[3] % square == 0 else {
      throw .malformed("\(input[3]) channels are not a multiple of the block's \(blockSize) x \(blockSize)")
    }
    let (height, tall) = input[1].multipliedReportingOverflow(by: blockSize)
    let (width, wide) = input[2].multipliedReportingOverflow(by: blockSize)
    guard !tall, !wide, let shape = Shape([input[0], height, width, input[3] / square]) else {
      throw .malformed("the result's shape is not valid")
    }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    let output = try node.output(0).shape
    let from = input.shape.strides
    let to = output.strides
    let depth = output[3]
    let copy = try StridedCopy(
      [
        .init(output[0], source: from[0], target: to[0]),
        .init(input.shape[1], source: from[1], target: to[1] * blockSize),
        .init(blockSize, source: blockSize * depth, target: to[1]),
        .init(input.shape[2], source: from[2], target: to[2] * blockSize),
        .init(blockSize, source: depth, target: to[2]),
        .init(depth, source: 1, target: 1),
      ], element: input.element, sourceCount: input.shape.elementCount, targetCount: output.elementCount)
    return Kernel { io throws(OperatorError) in try copy.run(io) }
  }
}
