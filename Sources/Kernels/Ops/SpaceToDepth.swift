public import TensorTypes

/// `SPACE_TO_DEPTH`: moves squares of `block_size` pixels into channels. Height and width must be multiples of `block_size`.
///
/// Input `[batch, height, width, channels]` of any element type of fixed width.
public struct SpaceToDepth: Operator {
  public static let definition = OperatorDefinition(.spaceToDepth, versions: 1...2, options: 19)

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
    guard !overflow, input[1] % blockSize == 0, input[2] % blockSize == 0 else {
      throw .malformed("height \(input[1]) and width \(input[2]) are not multiples of \(blockSize)")
    }
    let (channels, deep) = input[3].multipliedReportingOverflow(by: square)
    guard !deep, let shape = Shape([input[0], input[1] / blockSize, input[2] / blockSize, channels]) else {
      throw .malformed("the result's shape is not valid")
    }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    let output = try node.output(0).shape
    let from = input.shape.strides
    let to = output.strides
    let depth = input.shape[3]
    let copy = try StridedCopy(
      [
        .init(output[0], source: from[0], target: to[0]), .init(output[1], source: from[1] * blockSize, target: to[1]),
        .init(output[2], source: from[2] * blockSize, target: to[2]),
        .init(blockSize, source: from[1], target: blockSize * depth), .init(blockSize, source: from[2], target: depth),
        .init(depth, source: 1, target: 1),
      ], element: input.element, sourceCount: input.shape.elementCount, targetCount: output.elementCount)
    return Kernel { io throws(OperatorError) in try copy.run(io) }
  }
}
