internal import Glibc
public import TensorTypes

/// `RESIZE_NEAREST_NEIGHBOR`: an image of another size, made of the nearest pixels.
///
/// Input `[batch, height, width, channels]` of any element type of whole bytes; input 1: height and width (`int32`).
public struct ResizeNearestNeighbor: Operator {
  public static let definition = OperatorDefinition(.resizeNearestNeighbor, versions: 1...4, options: 74)

  package let resizing: Resizing

  public init(options: OperatorOptions) throws(OperatorError) {
    resizing = Resizing(alignsCorners: try options.bool(0), hasHalfPixelCenters: try options.bool(1))
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    let element = try node.input(0).element
    guard element.bitWidth >= 8 else { throw .unsupported("\(element) input; elements of whole bytes are supported") }
    return try resizing.infer(node)
  }

  /// The input's position for each position of the output.
  private func sources(from input: Int, to output: Int) -> [Int] {
    let scale =
      resizing.alignsCorners && output > 1 ? Float(input - 1) / Float(output - 1) : Float(input) / Float(output)
    let offset: Float = resizing.hasHalfPixelCenters ? 0.5 : 0
    return (0..<output).map { index in
      let position = (Float(index) + offset) * scale
      let rounded = position.rounded(resizing.alignsCorners ? .toNearestOrAwayFromZero : .down)
      return max(0, min(Int(rounded), input - 1))
    }
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    let output = try node.output(0).shape
    let pixel = input.shape[3] * (input.element.bitWidth / 8)
    guard let inputBytes = input.byteCount, let outputBytes = input.element.byteCount(of: output.elementCount) else {
      throw .unsupported("\(input.element) input; elements of whole bytes are supported")
    }
    let (height, width) = (input.shape[1], input.shape[2])
    return try .planned(node, values: [1]) { values throws(OperatorError) -> ([Int], [Int]) in
      guard try Resizing.shape(input.shape, values[0]) == output else {
        throw .invalidValue("size \(values[0]) does not lead to shape \(output)")
      }
      guard output.elementCount > 0 else { return ([], []) }
      return (sources(from: height, to: output[1]), sources(from: width, to: output[2]))
    } run: { io, sources throws(OperatorError) in
      guard output.elementCount > 0 else { return }
      guard unsafe io.inputBytes(0).count >= inputBytes, unsafe io.outputBytes(0).count >= outputBytes else {
        throw .malformed("an operand is smaller than its shape")
      }
      let (rows, columns) = sources
      try io.parallel(output[0] * rows.count, grain: max(1, 16384 / (columns.count * pixel))) { range in
        guard let from = unsafe io.inputBytes(0).baseAddress, let to = unsafe io.outputBytes(0).baseAddress else {
          return
        }
        for row in range {
          // Safety: positions are inside the input, whose size was checked, as was the output's.
          let line = unsafe from + (row / rows.count * height + rows[row % rows.count]) * width * pixel
          let target = unsafe to + row * columns.count * pixel
          Self.copy(columns, pixel) { column, source in
            unsafe memcpy(target + column &* pixel, line + source &* pixel, pixel)
          } word: { column, source in
            unsafe target.storeBytes(
              of: line.loadUnaligned(fromByteOffset: source &* 4, as: UInt32.self), toByteOffset: column &* 4,
              as: UInt32.self)
          }
        }
      }
    }
  }

  @inline(__always)
  private static func copy(_ columns: [Int], _ pixel: Int, block: (Int, Int) -> Void, word: (Int, Int) -> Void) {
    if pixel == 4 {
      for column in columns.indices { word(column, columns[column]) }
    } else {
      for column in columns.indices { block(column, columns[column]) }
    }
  }
}
