public import TensorTypes

/// The custom operator `MaxUnpooling2D`: puts each element of an NHWC image (input 0, `float32`) where a maximum pooling took it from (input 1,
/// of the same shape), zero elsewhere.
///
/// With places of `float32` (MediaPipe) a place counts inside of the window, as `MaxPoolingWithArgmax2D` writes it, the output has the window's
/// height and width for each pixel, and what would leave the image is dropped. With places of `int32` (TFLite) a place counts elements of the
/// whole output image and must be inside; the output is as large as the input of a pooling with the same options at most has.
/// Options (a structure of C, `TfLitePoolParams`): padding, strides, window size.
public struct MaxUnpooling2D: Operator {
  public static let definition = OperatorDefinition(custom: "MaxUnpooling2D")

  package let options: PoolingStructure

  public init(options: OperatorOptions) throws(OperatorError) { self.options = try PoolingStructure(options) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2)
    try node.expectOutput(.float32)
    let input = try node.input(0)
    let places = try node.input(1)
    guard input.element == .float32, input.shape.rank == 4 else {
      throw .malformed("the input must be float32[batch, height, width, channels], not \(input)")
    }
    guard places.shape == input.shape else { throw .malformed("places \(places.shape) for an image \(input.shape)") }
    let (height, width) = (input.shape[1], input.shape[2])
    let size: (Int, Int)
    switch places.element {
    // Dimensions and options have 31 bits: none of this overflows.
    case .float32: size = (height * options.height, width * options.width)
    case .int32 where options.padding == .same:
      size = (height * Int(options.strideHeight), width * Int(options.strideWidth))
    case .int32:
      guard height > 0, width > 0 else { throw .malformed("the image \(input.shape) is empty") }
      size = (
        (height - 1) * Int(options.strideHeight) + options.height,
        (width - 1) * Int(options.strideWidth) + options.width
      )
    default: throw .unsupported("places of \(places.element); float32 and int32 are supported")
    }
    guard let shape = Shape([input.shape[0], size.0, size.1, input.shape[3]]) else {
      throw .malformed("an output of \(size.0) by \(size.1) pixels is too large")
    }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0).shape
    let output = try node.output(0).shape
    let isInWindow = try node.input(1).element == .float32
    guard output.elementCount > 0 else { return Kernel { _ throws(OperatorError) in } }
    let (batch, height, width, channels) = (input[0], input[1], input[2], input[3])
    let image = output.elementCount / batch
    let options = options
    let strides = (height: Int(options.strideHeight), width: Int(options.strideWidth))
    let top = max((height - 1) * strides.height + options.height - output[1], 0) / 2
    let left = max((width - 1) * strides.width + options.width - output[2], 0) / 2
    return Kernel { io throws(OperatorError) in
      var y = io.output(0, as: Float.self)
      for i in y.indices { y[i] = 0 }
      let x = io.input(0, as: Float.self)
      for pixel in 0..<batch * height * width {
        if pixel % 4096 == 0 { try io.context.checkStop() }
        let start = pixel / (height * width) * image
        for channel in 0..<channels {
          let source = pixel * channels + channel
          guard isInWindow else {
            let place = Int(io.input(1, as: Int32.self)[source])
            guard place >= 0, place < image else {
              throw .invalidValue("place \(place) is outside an image of \(image) elements")
            }
            y[start + place] = x[source]
            continue
          }
          let value = io.input(1, as: Float.self)[source]
          guard value > -0x1p31, value < 0x1p31 else { continue }
          let place = Int(value)
          let row = pixel / width % height * strides.height - top + place / options.width
          let column = pixel % width * strides.width - left + place % options.width
          guard row >= 0, row < output[1], column >= 0, column < output[2] else { continue }
          y[start + (row * output[2] + column) * channels + channel] = x[source]
        }
      }
    }
  }
}
