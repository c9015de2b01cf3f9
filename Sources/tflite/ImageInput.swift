internal import ImageFiles
internal import TFLiteRuntime
internal import TensorFiles
internal import TensorTypes

/// Turns a picture into a model's input.
struct ImageInput {
  let path: String
  /// `(pixel - mean) / std` is the real value of an input element; nil for the input's own default.
  let mean: Float?
  let standardDeviation: Float?

  /// Where the dimensions of an image input are.
  private struct Layout {
    let height: Int
    let width: Int
    let channels: Int
    let isChannelFirst: Bool

    init(_ type: TensorType) throws {
      let shape = type.shape
      guard shape.rank == 4, shape[0] == 1 else {
        throw CommandError(
          "an image needs an input of shape [1, height, width, channels] or [1, channels, height, width], not \(shape)")
      }
      if [1, 3, 4].contains(shape[3]) {
        (height, width, channels, isChannelFirst) = (shape[1], shape[2], shape[3], false)
      } else if [1, 3, 4].contains(shape[1]) {
        (height, width, channels, isChannelFirst) = (shape[2], shape[3], shape[1], true)
      } else {
        throw CommandError("an input of shape \(shape) has no dimension of 1, 3 or 4 channels")
      }
    }
  }

  func fill(_ interpreter: Interpreter) throws {
    guard interpreter.inputs.count == 1, let input = interpreter.inputs.first else {
      throw CommandError("--image needs a model with one input; this one has \(interpreter.inputs.count)")
    }
    let layout = try Layout(input.type)
    let image: Image
    do {
      image = try Image(decoding: readFile(path), channels: layout.channels)
        .resized(width: layout.width, height: layout.height)
    } catch let error as ImageError {
      throw CommandError("\(path): \(error)")
    }
    try interpreter.allocate()
    try interpreter.setInput(0, tensor(image, layout, input.type))
  }

  private func tensor(_ image: Image, _ layout: Layout, _ type: TensorType) throws -> Tensor {
    let area = layout.width * layout.height
    let pixels =
      layout.isChannelFirst
      ? (0..<layout.channels).flatMap { channel in (0..<area).map { image.pixels[$0 * layout.channels + channel] } }
      : image.pixels
    let dimensions = type.shape.dimensions
    let mean = self.mean ?? 127.5
    let deviation = standardDeviation ?? 127.5
    func real(_ pixel: UInt8) -> Float { (Float(pixel) - mean) / deviation }
    func quantized(_ pixel: UInt8, _ range: ClosedRange<Float>) throws -> Float {
      guard let scale = type.quantization.scale, let zeroPoint = type.quantization.zeroPoint, scale > 0 else {
        throw CommandError("--mean and --std need a quantised input; this one has no scale")
      }
      let value = (real(pixel) / scale).rounded(.toNearestOrAwayFromZero) + Float(zeroPoint)
      return min(max(value, range.lowerBound), range.upperBound)
    }
    // Without a mean or deviation the input's quantisation is taken to cover pixels 0 to 255.
    let isRaw = self.mean == nil && standardDeviation == nil
    let tensor: Tensor?
    switch type.element {
    case .float32: tensor = Tensor(pixels.map(real), shape: dimensions)
    case .uint8:
      tensor = Tensor(isRaw ? pixels : try pixels.map { UInt8(try quantized($0, 0...255)) }, shape: dimensions)
    case .int8:
      tensor = Tensor(
        try pixels.map { isRaw ? Int8(truncatingIfNeeded: Int($0) - 128) : Int8(try quantized($0, -128...127)) },
        shape: dimensions)
    case .int16: tensor = Tensor(try pixels.map { Int16(try quantized($0, -32768...32767)) }, shape: dimensions)
    default: throw CommandError("--image cannot fill an input of type \(type.element)")
    }
    guard let tensor else { throw CommandError("the image does not fill an input of shape \(type.shape)") }
    return tensor
  }
}
