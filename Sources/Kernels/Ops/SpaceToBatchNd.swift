public import TensorTypes

/// `SPACE_TO_BATCH_ND`: pads the spatial dimensions and moves the positions inside blocks of them to the batch.
///
/// Input `[batch, height, width, channels]` or `[batch, length, channels]` with elements of one to eight bytes; input 1 the block's sizes and
/// input 2 the paddings (`[spatial dimensions, 2]`), both `int32`.
public struct SpaceToBatchNd: Operator {
  public static let definition = OperatorDefinition(.spaceToBatchNd, versions: 1...4, options: 25)

  public init(options: OperatorOptions) {}

  private static func shape(_ input: Shape, _ blocks: SpatialBlocks) throws(OperatorError) -> Shape {
    let size = SpatialBlocks.extended(input)
    let height = size[1] + blocks.borders[0] + blocks.borders[1]
    let width = size[2] + blocks.borders[2] + blocks.borders[3]
    guard height % blocks.height == 0, width % blocks.width == 0 else {
      throw .malformed("\(height) x \(width) padded positions are no multiple of \(blocks.height) x \(blocks.width)")
    }
    let (area, tooLarge) = blocks.height.multipliedReportingOverflow(by: blocks.width)
    let (batch, overflow) = size[0].multipliedReportingOverflow(by: area)
    guard !tooLarge, !overflow else { throw .malformed("the result's shape is not valid") }
    return try SpatialBlocks.shape([batch, height / blocks.height, width / blocks.width, size[3]], rank: input.rank)
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try SpatialBlocks.expectOperands(node)
    let input = try node.input(0).shape
    return [
      try Self.shape(input, try SpatialBlocks(input, block: try node.integers(1), borders: try node.integers(2)))
    ]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    let output = try node.output(0)
    let from = SpatialBlocks.extended(input.shape)
    let to = SpatialBlocks.extended(output.shape)
    let value = UInt64(truncatingIfNeeded: output.quantization.zeroPoint ?? 0)
    let depth = from[3]
    let pixels = depth == 0 ? 0 : output.shape.elementCount / depth
    let copy = try PixelCopy(
      block: depth, element: input.element, count: pixels,
      sourceCount: depth == 0 ? 0 : input.shape.elementCount / depth)
    return try .planned(node, values: [1, 2]) { values throws(OperatorError) -> SpatialBlocks in
      let blocks = try SpatialBlocks(input.shape, block: values[0], borders: values[1])
      guard try Self.shape(input.shape, blocks) == output.shape else {
        throw .invalidValue("the block does not lead to shape \(output.shape)")
      }
      return blocks
    } run: { io, blocks throws(OperatorError) in
      let top = blocks.borders[0]
      let left = blocks.borders[2]
      try copy.run(io, value: value) { pixel in
        let column = pixel % to[2]
        let row = pixel / to[2] % to[1]
        let batch = pixel / (to[2] &* to[1])
        guard from[0] > 0 else { return -1 }
        let shift = batch / from[0]
        let y = row &* blocks.height &+ shift / blocks.width &- top
        let x = column &* blocks.width &+ shift % blocks.width &- left
        guard y >= 0, y < from[1], x >= 0, x < from[2] else { return -1 }
        return (batch % from[0] &* from[1] &+ y) &* from[2] &+ x
      }
    }
  }
}
