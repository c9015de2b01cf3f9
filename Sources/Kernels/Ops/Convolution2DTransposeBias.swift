public import TensorTypes

/// The custom operator `Convolution2DTransposeBias` of MediaPipe: the transpose of a two-dimensional convolution, plus a bias.
///
/// Inputs, all `float32`: image `[batch, height, width, channels]`, filters `[output channels, height, width, channels]`, bias
/// `[output channels]`. The output is `stride * (size - 1) + filter` high and wide; with `SAME` padding without the rows and columns that a
/// convolution of it would add. Options (a structure of C, `TfLiteTransposeConvParams`): padding, stride width, stride height.
public struct Convolution2DTransposeBias: Operator {
  public static let definition = OperatorDefinition(custom: "Convolution2DTransposeBias")

  package let padding: WindowPadding
  package let strideHeight: Int32
  package let strideWidth: Int32

  public init(options: OperatorOptions) throws(OperatorError) {
    let fields = try options.customIntegers(3)
    padding = try OperatorOptions.padding(fields[0])
    (strideWidth, strideHeight) = (fields[1], fields[2])
    guard strideWidth > 0, strideHeight > 0 else {
      throw .malformed("strides \(strideHeight) by \(strideWidth) must be positive")
    }
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 3)
    try node.expectOutput(.float32)
    for index in 0..<3 {
      let element = try node.input(index).element
      guard element == .float32 else { throw .unsupported("\(element) input; float32 is supported") }
    }
    let image = try node.input(0).shape
    let filter = try node.input(1).shape
    let bias = try node.input(2).shape
    guard image.rank == 4, filter.rank == 4, image[3] > 0, filter[0] > 0, image[3] == filter[3],
      bias.dimensions == [filter[0]]
    else { throw .malformed("image \(image), filter \(filter) and bias \(bias) do not fit together") }
    let geometry = try geometry(image, filter)
    guard let shape = Shape([image[0], geometry.height.input, geometry.width.input, filter[0]]) else {
      throw .malformed("the output is too large")
    }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    guard try node.output(0).shape.elementCount > 0 else { return Kernel { _ throws(OperatorError) in } }
    let geometry = try geometry(try node.input(0).shape, try node.input(1).shape)
    return PlainConvolution(
      geometry: geometry, form: .transposed, weights: try Weights(node, input: 1), image: 0, bias: 2
    ).float(-Float.infinity...Float.infinity)
  }

  /// The convolution that leads from the output back to the input.
  private func geometry(_ image: Shape, _ filter: Shape) throws(OperatorError) -> ConvolutionGeometry {
    func window(_ name: String, _ size: Int, _ kernel: Int, _ stride: Int32) throws(OperatorError) -> SlidingWindow {
      guard size > 0, kernel > 0 else { throw .malformed("the image or filter has no \(name)") }
      let missing = padding == .same ? max(0, kernel - (size - 1) % Int(stride) - 1) : 0
      let output = Int(stride) * (size - 1) + kernel - missing
      guard output <= Int(Int32.max) else { throw .malformed("the output's \(name) \(output) is too large") }
      return try SlidingWindow(name, input: output, kernel: kernel, stride: stride, padding: padding)
    }
    return ConvolutionGeometry(
      batch: image[0], height: try window("height", image[1], filter[1], strideHeight),
      width: try window("width", image[2], filter[2], strideWidth), inputChannels: image[3],
      outputChannels: filter[0], groups: 1)
  }
}
