internal import FlatBuffers
public import TensorTypes

/// `DEPTHWISE_CONV_2D`: convolves each channel of NHWC images with filters of its own, `[1, height, width, output channels]`; output channel
/// *i* reads input channel *i* / multiplier, where multiplier = output channels / input channels.
///
/// Inputs: image (rank 4), filter (rank 4), optional bias (one element per output channel). Padding reads as real zero. Types: `float32` with
/// `float32` or constant `float16` filters; `float32` with `int8` filters, for which activations are quantised while the model runs; `uint8`;
/// `int8` and `int16` with `int8` or `int4` filters, quantised per tensor or per output channel, with the same bits as TFLite's reference
/// kernels. The stored `depth_multiplier` is ignored, as in TFLite: the shapes say it.
public struct DepthwiseConv2D: Operator {
  public static let definition = OperatorDefinition(.depthwiseConv2D, versions: 1...7, options: 2)

  package let padding: WindowPadding
  /// Borders of zeros that graph passes made part of the operator, along height and width; in place of `padding`.
  package var borders: (height: WindowBorder, width: WindowBorder)?
  package let strideHeight: Int32
  package let strideWidth: Int32
  package let dilationHeight: Int32
  package let dilationWidth: Int32
  package let activation: FusedActivation

  public init(options: OperatorOptions) throws(OperatorError) {
    padding = try WindowPadding(options, slot: 0)
    strideWidth = try options.int32(1)
    strideHeight = try options.int32(2)
    activation = try FusedActivation(options, slot: 4)
    dilationWidth = try options.int32(5, default: 1)
    dilationHeight = try options.int32(6, default: 1)
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2...3)
    let geometry = try geometry(node)
    if try !node.isHalfProduct(input: 0, weights: 1, bias: 2, channels: geometry.outputChannels) {
      _ = try arithmetic(node, geometry)
    }
    _ = try activation.floatRange()
    let dimensions = [geometry.batch, geometry.height.output, geometry.width.output, geometry.outputChannels]
    guard let shape = Shape(dimensions) else { throw .malformed("the output \(dimensions) is too large") }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let geometry = try geometry(node)
    let input = try node.input(0)
    let filter = try node.input(1)
    let output = try node.output(0)
    let bias = node.optionalInput(2)
    guard output.shape.elementCount > 0 else { return Kernel { _ in } }
    let plain = PlainConvolution(
      geometry: geometry, form: .depthwise, weights: try Weights(node, input: 1), bias: bias == nil ? nil : 2)
    let arithmetic = try arithmetic(node, geometry)
    // With one input channel all outputs read the same elements: an ordinary convolution, whose weights are stored `[taps][channels]`.
    let isOrdinary = geometry.inputChannels == 1 && geometry.outputChannels > 1
    if arithmetic == .float {
      let range = try activation.finiteRange(Float.self)
      if isOrdinary {
        let fast = try FloatConvolution(
          node, geometry: geometry.group, groups: 1, image: 0, weights: 1, bias: bias == nil ? nil : 2, range: range,
          isTransposed: true)
        return fast?.kernel() ?? plain.float(range)
      }
      let fast = try FloatDepthwiseConvolution(node, geometry: geometry, range: range)
      return fast?.kernel() ?? plain.float(range)
    }
    let scales = try WeightScales(filter, channels: geometry.outputChannels, axis: 3)
    let result: IntegerResult
    let slow: Kernel
    if arithmetic == .hybrid {
      let range = try activation.finiteRange(Float.self)
      result = .float(scales: scales.scales, asymmetric: true, perRow: false, range: range)
      slow = plain.hybrid(scales: scales.scales, asymmetric: true, range: range)
    } else {
      let factors =
        arithmetic == .uint8
        ? [try scales.legacyFactor(input: input, output: output)] : try scales.factors(input: input, output: output)
      let requantization = try Requantization(factors: factors, output: output, activation: activation)
      result = .fixedPoint(requantization)
      slow = plain.quantized(
        arithmetic, inputZeroPoint: input.quantization.zeroPoint ?? 0, weightZeroPoint: scales.zeroPoint,
        biasElement: bias?.element, requantization)
    }
    let weightZeroPoint = arithmetic == .uint8 ? scales.zeroPoint : 0
    if isOrdinary, geometry.isPaddedCopyReasonable(channels: 1),
      let fast = try IntegerConvolution(
        node, geometry: geometry.group, groups: 1, arithmetic: arithmetic,
        inputs: (image: 0, weights: 1, bias: bias == nil ? nil : 2), weightZeroPoint: weightZeroPoint, result: result,
        isTransposed: true)
    {
      return fast.kernel()
    }
    let fast = try IntegerDepthwiseConvolution(
      node, geometry: geometry, arithmetic: arithmetic, weightZeroPoint: weightZeroPoint, result: result)
    return fast?.kernel() ?? slow
  }

  /// Checks shapes and options.
  private func geometry(_ node: NodeContext) throws(OperatorError) -> ConvolutionGeometry {
    let input = try node.input(0).shape
    let filter = try node.input(1).shape
    guard input.rank == 4 else { throw .malformed("the input \(input) must have rank 4") }
    guard filter.rank == 4, filter[0] == 1 else {
      throw .malformed("the filter \(filter) must have rank 4 and a first dimension of 1")
    }
    guard input[3] > 0, filter[3] > 0, filter[3] % input[3] == 0 else {
      throw .malformed("the channels of filter \(filter) must be a multiple of those of input \(input)")
    }
    return ConvolutionGeometry(
      batch: input[0],
      height: try SlidingWindow(
        "height", input: input[1], kernel: filter[1], stride: strideHeight, dilation: dilationHeight, padding: padding,
        border: borders?.height),
      width: try SlidingWindow(
        "width", input: input[2], kernel: filter[2], stride: strideWidth, dilation: dilationWidth, padding: padding,
        border: borders?.width),
      inputChannels: input[3], outputChannels: filter[3], groups: input[3], outputPitch: node.outputPitch)
  }

  /// Checks types and quantisation.
  private func arithmetic(
    _ node: NodeContext, _ geometry: ConvolutionGeometry
  ) throws(OperatorError) -> ProductArithmetic {
    let input = try node.input(0)
    let filter = try node.input(1)
    let output = try node.output(0)
    let bias = node.optionalInput(2)
    let arithmetic = try ProductArithmetic(
      input: input, weights: filter, bias: bias, output: output, hybridWeights: [.int8], narrowWeights: [.int4],
      biasOption: .float32, channels: geometry.outputChannels)
    if arithmetic == .float { return arithmetic }
    try WeightScales(filter, channels: geometry.outputChannels, axis: 3)
      .check(arithmetic, input: input, bias: bias, output: output, activation: activation)
    return arithmetic
  }
}

extension DepthwiseConv2D: LineOperator {
  package func lineStage(_ node: NodeContext) throws(OperatorError) -> LineStage? {
    let geometry = try geometry(node)
    guard try arithmetic(node, geometry) == .float, try node.input(1).element == .float32,
      let weights = node.constant(1)?.bytes,
      weights.count >= geometry.height.kernel * geometry.width.kernel * geometry.outputChannels * 4
    else { return nil }
    var bias: SharedBytes?
    if node.hasInput(2) {
      guard let bytes = node.constant(2)?.bytes, bytes.count >= geometry.outputChannels * 4 else { return nil }
      bias = bytes
    }
    return LineStage(
      geometry: geometry.whole, weights: .depthwise(weights, bias: bias),
      range: try activation.finiteRange(Float.self))
  }
}
