public import TensorTypes

/// `CONV_2D`: a two-dimensional convolution of NHWC images with filters `[output channels, height, width, input channels / groups]`, plus a
/// bias, clamped by the fused activation.
///
/// Inputs: image (rank 4), filter (rank 4), optional bias (one element per output channel). Padding reads as real zero. Types: `float32` with
/// `float32` or constant `float16` filters; `float32` with `int8`, `uint8` (bytes are read as signed) or `int4` filters, for which activations
/// are quantised while the model runs; `uint8`; `int8` and `int16` with `int8` or `int4` filters, quantised per tensor or per output channel,
/// with the same bits as TFLite's reference kernels.
public struct Conv2D: Operator {
  public static let definition = OperatorDefinition(.conv2D, versions: 1...8, options: 1)

  package let padding: WindowPadding
  /// Borders of zeros that graph passes made part of the operator, along height and width; in place of `padding`.
  package var borders: (height: WindowBorder, width: WindowBorder)?
  package let strideHeight: Int32
  package let strideWidth: Int32
  package let dilationHeight: Int32
  package let dilationWidth: Int32
  package let activation: FusedActivation
  /// The type of bias and sums for `int16` activations; `float32` when it is not set.
  package let quantizedBiasType: ElementType

  public init(options: OperatorOptions) throws(OperatorError) {
    padding = try WindowPadding(options, slot: 0)
    strideWidth = try options.int32(1)
    strideHeight = try options.int32(2)
    activation = try FusedActivation(options, slot: 3)
    dilationWidth = try options.int32(4, default: 1)
    dilationHeight = try options.int32(5, default: 1)
    quantizedBiasType = try options.elementType(6)
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 3)
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
      geometry: geometry, form: .standard, weights: try Weights(node, input: 1), bias: bias == nil ? nil : 2)
    let arithmetic = try arithmetic(node, geometry)
    if arithmetic == .float {
      let range = try activation.finiteRange(Float.self)
      if geometry.groups == 1,
        let winograd = try WinogradConvolution(
          node, geometry: geometry.group, image: 0, weights: 1, bias: bias == nil ? nil : 2, range: range)
      {
        return winograd.kernel()
      }
      let fast = try FloatConvolution(
        node, geometry: geometry.group, groups: geometry.groups, image: 0, weights: 1, bias: bias == nil ? nil : 2,
        range: range)
      return fast?.kernel() ?? plain.float(range)
    }
    let scales = try WeightScales(filter, channels: geometry.outputChannels, axis: 0)
    let result: IntegerResult
    let slow: Kernel
    switch arithmetic {
    case .float: throw .unsupported("float arithmetic has no requantisation")
    case .hybrid:
      let range = try activation.finiteRange(Float.self)
      let asymmetric = geometry.groups > 1 || scales.scales.contains { $0 != scales.scales[0] }
      let used = asymmetric ? scales.scales : [scales.scales[0]]
      result = .float(scales: used, asymmetric: asymmetric, perRow: false, range: range)
      slow = plain.hybrid(scales: used, asymmetric: asymmetric, range: range)
    case .uint8, .int8, .int16:
      let factors =
        arithmetic == .uint8
        ? [try scales.legacyFactor(input: input, output: output)] : try scales.factors(input: input, output: output)
      let requantization = try Requantization(factors: factors, output: output, activation: activation)
      result = .fixedPoint(requantization)
      slow = plain.quantized(
        arithmetic, inputZeroPoint: input.quantization.zeroPoint ?? 0, weightZeroPoint: scales.zeroPoint,
        biasElement: bias?.element, requantization)
    }
    guard geometry.isPaddedCopyReasonable(channels: geometry.inputChannels) else { return slow }
    let fast = try IntegerConvolution(
      node, geometry: geometry.group, groups: geometry.groups, arithmetic: arithmetic,
      inputs: (image: 0, weights: 1, bias: bias == nil ? nil : 2),
      weightZeroPoint: arithmetic == .uint8 ? scales.zeroPoint : 0, result: result)
    return fast?.kernel() ?? slow
  }

  /// Checks shapes and options.
  private func geometry(_ node: NodeContext) throws(OperatorError) -> ConvolutionGeometry {
    let input = try node.input(0).shape
    let filter = try node.input(1).shape
    guard input.rank == 4 else { throw .malformed("the input \(input) must have rank 4") }
    guard filter.rank == 4 else { throw .malformed("the filter \(filter) must have rank 4") }
    guard input[3] > 0, filter[3] > 0, filter[0] > 0 else {
      throw .malformed("input \(input) and filter \(filter) must have channels")
    }
    guard input[3] % filter[3] == 0, filter[0] % (input[3] / filter[3]) == 0 else {
      throw .malformed("filter \(filter) does not divide the channels of input \(input) into groups")
    }
    return ConvolutionGeometry(
      batch: input[0],
      height: try SlidingWindow(
        "height", input: input[1], kernel: filter[1], stride: strideHeight, dilation: dilationHeight, padding: padding,
        border: borders?.height),
      width: try SlidingWindow(
        "width", input: input[2], kernel: filter[2], stride: strideWidth, dilation: dilationWidth, padding: padding,
        border: borders?.width),
      inputChannels: input[3], outputChannels: filter[0], groups: input[3] / filter[3], outputPitch: node.outputPitch)
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
      input: input, weights: filter, bias: bias, output: output, hybridWeights: [.int8, .uint8, .int4],
      narrowWeights: [.int4], biasOption: quantizedBiasType, channels: geometry.outputChannels)
    if arithmetic == .float { return arithmetic }
    let scales = try WeightScales(filter, channels: geometry.outputChannels, axis: 0)
    guard scales.zeroPoint == 0 || input.element == .uint8 || input.element == .float32 else {
      throw .malformed("the zero point of \(filter.element) filters must be 0")
    }
    try scales.check(arithmetic, input: input, bias: bias, output: output, activation: activation)
    return arithmetic
  }
}

extension Conv2D: LineOperator {
  package func lineStage(_ node: NodeContext) throws(OperatorError) -> LineStage? {
    let geometry = try geometry(node)
    guard geometry.groups == 1, try arithmetic(node, geometry) == .float else { return nil }
    let packing = FloatPacking(geometry.group)
    guard !WinogradConvolution.suits(geometry.group),
      let packed = try packing.packed(node, weights: 1, bias: node.hasInput(2) ? 2 : nil)
    else { return nil }
    return LineStage(
      geometry: geometry.group, weights: .product(packed), range: try activation.finiteRange(Float.self))
  }
}
