internal import TensorTypes

/// The blocks of `SPACE_TO_BATCH_ND` and `BATCH_TO_SPACE_ND`: one or two spatial dimensions, seen as two.
struct SpatialBlocks: Sendable {
  let height: Int
  let width: Int
  /// Padding or cropping before and after: top, bottom, left, right.
  let borders: [Int]

  init(_ input: Shape, block: [Int], borders: [Int]) throws(OperatorError) {
    let spatial = input.rank - 2
    guard input.rank == 3 || input.rank == 4 else {
      throw .unsupported("rank \(input.rank); three and four dimensions are supported")
    }
    guard block.count == spatial, borders.count == 2 * spatial else {
      throw .malformed("\(block.count) block sizes and \(borders.count) borders for \(spatial) spatial dimensions")
    }
    guard (block + borders).allSatisfy({ $0 >= 0 && $0 <= Int(Int32.max) }), !block.contains(0) else {
      throw .malformed("block \(block) with borders \(borders)")
    }
    height = block[0]
    width = spatial == 2 ? block[1] : 1
    self.borders = spatial == 2 ? borders : borders + [0, 0]
  }

  /// A shape of rank three as one of rank four.
  static func extended(_ shape: Shape) -> [Int] {
    shape.rank == 4 ? shape.dimensions : [shape[0], shape[1], 1, shape[2]]
  }

  static func shape(_ dimensions: [Int], rank: Int) throws(OperatorError) -> Shape {
    guard let shape = Shape(rank == 4 ? dimensions : [dimensions[0], dimensions[1], dimensions[3]]) else {
      throw .malformed("shape \(dimensions) is not valid")
    }
    return shape
  }

  static func expectOperands(_ node: NodeContext) throws(OperatorError) {
    try node.expect(inputs: 3)
    try node.expectSameElement()
    for index in 1...2 where try node.input(index).element != .int32 {
      throw .malformed("input \(index) must be int32")
    }
    let input = try node.input(0)
    let output = try node.output(0)
    if input.element == .int8 || input.element == .uint8 || input.element == .int16 {
      guard input.quantization.scale == output.quantization.scale,
        input.quantization.zeroPoint == output.quantization.zeroPoint
      else { throw .malformed("input and output are quantised differently") }
    }
  }
}

/// Copies between images and the batch of their parts, each of which has one position of every block.
struct SpatialBlockCopy: Sendable {
  private let blocks: SpatialBlocks
  /// `[batch, height, width, channels]` of the images, and of the parts.
  private let images: [Int]
  private let parts: [Int]
  private let element: ElementType
  /// Whether parts are made of images.
  private let divides: Bool
  /// One for each position of a block; none where there are many, which are made when they are needed.
  private let copies: [StridedCopy]

  private static let mostKept = 64

  init(
    _ blocks: SpatialBlocks, images: [Int], parts: [Int], element: ElementType, divides: Bool
  ) throws(OperatorError) {
    guard element.bitWidth >= 8, element.bitWidth <= 64 else {
      throw .unsupported("\(element) elements; elements of one to eight bytes are supported")
    }
    (self.blocks, self.images, self.parts) = (blocks, images, parts)
    (self.element, self.divides) = (element, divides)
    guard blocks.height * blocks.width <= Self.mostKept else {
      copies = []
      return
    }
    var copies: [StridedCopy] = []
    for position in 0..<blocks.height * blocks.width {
      if let copy = try Self.copy(position, blocks, images, parts, element, divides) { copies.append(copy) }
    }
    self.copies = copies
  }

  /// Copies input 0 to output 0. What has no source is left alone.
  func run(_ io: Operands) throws(OperatorError) {
    // Blocks of an empty tensor may be of any number.
    guard !images.contains(0), !parts.contains(0) else { return }
    guard blocks.height * blocks.width > Self.mostKept else {
      for index in copies.indices { try copies[index].run(io) }
      return
    }
    for position in 0..<blocks.height * blocks.width {
      try Self.copy(position, blocks, images, parts, element, divides)?.run(io)
    }
  }

  /// The copy of one position of the blocks; nil where all of it lies in the borders.
  private static func copy(
    _ position: Int, _ blocks: SpatialBlocks, _ images: [Int], _ parts: [Int], _ element: ElementType, _ divides: Bool
  ) throws(OperatorError) -> StridedCopy? {
    let (y, x) = position.quotientAndRemainder(dividingBy: blocks.width)
    let rows = inside(y - blocks.borders[0], step: blocks.height, parts: parts[1], size: images[1])
    let columns = inside(x - blocks.borders[2], step: blocks.width, parts: parts[2], size: images[2])
    guard !rows.isEmpty, !columns.isEmpty else { return nil }
    let depth = images[3]
    let line = images[2] * depth
    let partLine = parts[2] * depth
    let firstRow = rows.lowerBound * blocks.height + y - blocks.borders[0]
    let firstColumn = columns.lowerBound * blocks.width + x - blocks.borders[2]
    let image = firstRow * line + firstColumn * depth
    let part = (position * images[0] * parts[1] + rows.lowerBound) * partLine + columns.lowerBound * depth
    func dimension(_ size: Int, _ image: Int, _ part: Int) -> StridedCopy.Dimension {
      .init(size, source: divides ? image : part, target: divides ? part : image)
    }
    return try StridedCopy(
      [
        dimension(images[0], images[1] * line, parts[1] * partLine),
        dimension(rows.count, blocks.height * line, partLine),
        dimension(columns.count, blocks.width * depth, depth), dimension(depth, 1, 1),
      ], sourceOffset: divides ? image : part, targetOffset: divides ? part : image, element: element,
      sourceCount: (divides ? images : parts).reduce(1, *), targetCount: (divides ? parts : images).reduce(1, *))
  }

  /// Which of the positions `first`, `first + step`, … lie inside of an image.
  private static func inside(_ first: Int, step: Int, parts: Int, size: Int) -> Range<Int> {
    let low = first < 0 ? (step - 1 - first) / step : 0
    let high = size > first ? min(parts, (size - first - 1) / step + 1) : 0
    return low..<max(low, high)
  }
}
