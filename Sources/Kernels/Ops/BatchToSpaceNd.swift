public import TensorTypes

/// `BATCH_TO_SPACE_ND`: moves the batch to positions inside blocks of the spatial dimensions, and crops these.
///
/// Input `[batch, height, width, channels]` or `[batch, length, channels]` with elements of one to eight bytes; input 1 the block's sizes and
/// input 2 the crops (`[spatial dimensions, 2]`), both `int32`.
public struct BatchToSpaceNd: Operator {
  public static let definition = OperatorDefinition(.batchToSpaceNd, versions: 1...4, options: 24)

  public init(options: OperatorOptions) {}

  private static func shape(_ input: Shape, _ blocks: SpatialBlocks) throws(OperatorError) -> Shape {
    let size = SpatialBlocks.extended(input)
    let (area, tooLarge) = blocks.height.multipliedReportingOverflow(by: blocks.width)
    let (tall, tallOverflow) = size[1].multipliedReportingOverflow(by: blocks.height)
    let (wide, wideOverflow) = size[2].multipliedReportingOverflow(by: blocks.width)
    guard !tooLarge, !tallOverflow, !wideOverflow, size[0] % area == 0 else {
      throw .malformed("a batch of \(size[0]) is no multiple of the block \(blocks.height) x \(blocks.width)")
    }
    let height = tall - blocks.borders[0] - blocks.borders[1]
    let width = wide - blocks.borders[2] - blocks.borders[3]
    return try SpatialBlocks.shape([size[0] / area, height, width, size[3]], rank: input.rank)
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
    let output = try node.output(0).shape
    let from = SpatialBlocks.extended(input.shape)
    let to = SpatialBlocks.extended(output)
    return try .planned(node, values: [1, 2]) { values throws(OperatorError) -> SpatialBlockCopy in
      let blocks = try SpatialBlocks(input.shape, block: values[0], borders: values[1])
      guard try Self.shape(input.shape, blocks) == output else {
        throw .invalidValue("the block does not lead to shape \(output)")
      }
      return try SpatialBlockCopy(blocks, images: to, parts: from, element: input.element, divides: false)
    } run: { io, copy throws(OperatorError) in
      try copy.run(io)
    }
  }
}
