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
    let width = input.element.bitWidth / 8
    return try .planned(node, values: [1, 2]) {
      values throws(OperatorError) -> (copy: SpatialBlockCopy, hasBorders: Bool) in
      let blocks = try SpatialBlocks(input.shape, block: values[0], borders: values[1])
      guard try Self.shape(input.shape, blocks) == output.shape else {
        throw .invalidValue("the block does not lead to shape \(output.shape)")
      }
      let copy = try SpatialBlockCopy(blocks, images: from, parts: to, element: input.element, divides: true)
      return (copy, blocks.borders.contains { $0 > 0 })
    } run: { io, plan throws(OperatorError) in
      if plan.hasBorders {
        try io.parallel(output.shape.elementCount, grain: max(1, (1 << 16) / width)) { range in
          guard let target = unsafe io.outputBytes(0).baseAddress,
            unsafe io.outputBytes(0).count >= range.upperBound * width
          else { return }
          unsafe fillElements(
            target + range.lowerBound * width, bytes: range.count * width, width: width, value: value)
        }
      }
      try plan.copy.run(io)
    }
  }
}
