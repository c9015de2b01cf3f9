internal import Glibc
internal import TensorTypes

/// Fills a tensor with blocks ("pixels") of another, at computed places, or with a value.
struct PixelCopy: Sendable {
  private let unit: Int
  private let width: Int
  private let count: Int
  private let sourceCount: Int

  /// - Parameters:
  ///   - block: elements of a pixel.
  ///   - count: pixels of the output; `sourceCount` of the input.
  init(block: Int, element: ElementType, count: Int, sourceCount: Int) throws(OperatorError) {
    guard element.bitWidth >= 8, element.bitWidth <= 64 else {
      throw .unsupported("\(element) elements; elements of one to eight bytes are supported")
    }
    width = element.bitWidth / 8
    unit = block * width
    self.count = block == 0 ? 0 : count
    self.sourceCount = sourceCount
  }

  /// - Parameters:
  ///   - value: the element that fills pixels without a source, in the lowest bytes.
  ///   - source: the input's pixel for a pixel of the output; -1 for none.
  @inline(__always)
  func run(_ io: Operands, value: UInt64, source: @Sendable (Int) -> Int) throws(OperatorError) {
    guard unsafe io.inputBytes(0).count >= sourceCount * unit, unsafe io.outputBytes(0).count >= count * unit else {
      throw .malformed("an operand is smaller than its shape")
    }
    try io.parallel(count, grain: max(1, 32768 / max(unit, 1))) { range in
      guard let target = unsafe io.outputBytes(0).baseAddress else { return }
      let origin = unsafe io.inputBytes(0).baseAddress ?? UnsafeRawPointer(target)
      for pixel in range {
        let place = source(pixel)
        precondition(place < sourceCount)
        // Safety: both pixels lie inside their operands, checked above.
        if place < 0 {
          unsafe fillElements(target + pixel &* unit, bytes: unit, width: width, value: value)
        } else {
          unsafe memcpy(target + pixel &* unit, origin + place &* unit, unit)
        }
      }
    }
  }
}

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
