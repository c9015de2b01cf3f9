internal import CKernels
internal import TensorTypes

/// The neighbours of each position of one dimension, in separate arrays as the kernels read them.
struct InterpolationTable<Weight: Sendable & BitwiseCopyable>: Sendable {
  /// First element of each position's lower and upper neighbour.
  let lower: [Int]
  let upper: [Int]
  let lowerWeights: [Weight]
  let upperWeights: [Weight]

  /// - Parameter stride: elements from one neighbour to the next.
  init(_ interpolation: Interpolation<Weight>, stride: Int) {
    lower = interpolation.taps.map { $0.lower * stride }
    upper = interpolation.taps.map { $0.upper * stride }
    lowerWeights = interpolation.taps.map(\.lowerWeight)
    upperWeights = interpolation.taps.map(\.upperWeight)
  }

  var count: Int { lower.count }
}

/// The C kernel that mixes lines of one element type.
@safe struct ResizeLine: Sendable {
  typealias Function =
    @convention(c) (
      UnsafeRawPointer?, UnsafeRawPointer?, UnsafeRawPointer?, UnsafePointer<tflk_resize_columns>?, Int,
      UnsafeMutableRawPointer?
    ) -> Void

  nonisolated(unsafe) let function: Function

  /// - Throws: `unsupported` for other element types than `float32`, `uint8`, `int8` and `int16`.
  init(_ element: ElementType) throws(OperatorError) {
    guard let table = unsafe Microkernels.current?.table.pointee else {
      throw .unsupported("processors without C kernels")
    }
    let found: Function? =
      switch element {
      case .float32: unsafe table.resize_f32
      case .uint8: unsafe table.resize_u8
      case .int8: unsafe table.resize_i8
      case .int16: unsafe table.resize_i16
      default: throw .unsupported("\(element) input; float32, int8, uint8 and int16 are supported")
      }
    guard let found = unsafe found else { throw .unsupported("processors without C kernels") }
    unsafe function = found
  }
}

/// Mixes the lines of an NHWC image from neighbours in two directions.
struct BilinearResize<Weight: Sendable & BitwiseCopyable>: Sendable {
  let input: Shape
  let output: Shape
  /// Neighbouring lines of each line, in elements from the start of an image.
  let rows: InterpolationTable<Weight>
  /// Neighbouring pixels of each pixel, in elements from the start of a line.
  let columns: InterpolationTable<Weight>

  /// Resizes images of elements of `type`.
  ///
  /// - Parameter line: the C kernel of this type, whose weights are `Weight`.
  @inline(__always)
  func run<T: BitwiseCopyable>(_ io: Operands, _: T.Type, _ line: ResizeLine) throws(OperatorError) {
    guard output.elementCount > 0 else { return }
    let channels = input[3]
    let lineElements = output[2] * channels
    let imageElements = input[1] * input[2] * channels
    let width = MemoryLayout<T>.stride
    guard unsafe io.inputBytes(0).count >= input.elementCount * width,
      unsafe io.outputBytes(0).count >= output.elementCount * width
    else { throw .malformed("an operand is smaller than its shape") }
    let tile = tileSize(of: output[0] * output[1], operations: lineElements, picoseconds: 1000)
    try io.forEachTile(of: tile, in: output[0] * output[1]) { range in
      guard let source = unsafe io.inputBytes(0).baseAddress, let target = unsafe io.outputBytes(0).baseAddress else {
        return
      }
      // Safety: positions lie inside of the input, whose size was checked, as was the output's.
      unsafe columns.lower.withUnsafeBufferPointer { left in
        unsafe columns.upper.withUnsafeBufferPointer { right in
          unsafe columns.lowerWeights.withUnsafeBufferPointer { before in
            unsafe columns.upperWeights.withUnsafeBufferPointer { after in
              var description = unsafe tflk_resize_columns(
                count: left.count, left: left.baseAddress, right: right.baseAddress, before: before.baseAddress,
                after: after.baseAddress)
              for index in range {
                let (image, row) = index.quotientAndRemainder(dividingBy: rows.count)
                let first = unsafe source + image * imageElements * width
                unsafe withUnsafePointer(to: (rows.lowerWeights[row], rows.upperWeights[row])) { weights in
                  unsafe line.function(
                    first + rows.lower[row] * width, first + rows.upper[row] * width, weights, &description,
                    channels, target + index * lineElements * width)
                }
              }
            }
          }
        }
      }
    }
  }
}
