public import TensorTypes

/// `TRANSPOSE_CONV`: the transpose of a two-dimensional convolution. Each input pixel adds its product with the filter
/// `[output channels, height, width, input channels]` to a window of the output; then bias and fused activation apply.
///
/// Inputs: shape of the output (`int32`, 4 elements), filter, image (rank 4), optional bias (one element per output channel). Types: `float32`;
/// `float32` with `int8` filters, for which activations are quantised while the model runs; `uint8`; `int8`; `int16` with `int8` filters;
/// quantised per tensor or per output channel, with the same bits as TFLite's reference kernels.
public struct TransposeConv: Operator {
  public static let definition = OperatorDefinition(.transposeConv, versions: 1...5, options: 49)

  package let padding: WindowPadding
  package let strideHeight: Int32
  package let strideWidth: Int32
  package let activation: FusedActivation
  /// The type of bias and sums for `int16` activations; `float32` when it is not set.
  package let quantizedBiasType: ElementType

  public init(options: OperatorOptions) throws(OperatorError) {
    padding = try WindowPadding(options, slot: 0)
    strideWidth = try options.int32(1)
    strideHeight = try options.int32(2)
    activation = try FusedActivation(options, slot: 3)
    quantizedBiasType = try options.elementType(4)
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 3...4)
    let shapeType = try node.input(0)
    guard shapeType.element == .int32, shapeType.shape.dimensions == [4] else {
      throw .malformed("the output shape is \(shapeType); it must be int32[4]")
    }
    // Everything that does not depend on the output shape's value is checked first.
    let filter = try node.input(1).shape
    let image = try node.input(2).shape
    guard image.rank == 4, filter.rank == 4 else {
      throw .malformed("input \(image) and filter \(filter) must have rank 4")
    }
    guard image[3] > 0, filter[0] > 0, image[3] == filter[3] else {
      throw .malformed("filter \(filter) does not have the channels of input \(image)")
    }
    if try !node.isHalfProduct(input: 2, weights: 1, bias: 3, channels: filter[0]) { _ = try arithmetic(node) }
    _ = try activation.floatRange()
    let dimensions = try node.integers(0)
    guard let shape = Shape(dimensions) else { throw .malformed("\(dimensions) is no output shape") }
    _ = try geometry(node, shape)
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let output = try node.output(0)
    let geometry = try geometry(node, output.shape)
    let filter = try node.input(1)
    let input = try node.input(2)
    let bias = node.optionalInput(3)
    let plain = PlainConvolution(
      geometry: geometry, form: .transposed, weights: try Weights(node, input: 1), image: 2, bias: bias == nil ? nil : 3
    )
    let arithmetic = try arithmetic(node)
    guard output.shape.elementCount > 0 else { return Kernel { _ in } }
    if arithmetic == .float {
      let range = try activation.finiteRange(Float.self)
      let fast = try FloatTransposedConvolution(node, geometry: geometry, hasBias: bias != nil, range: range)
      return fast?.kernel() ?? plain.float(range)
    }
    let scales = try WeightScales(filter, channels: geometry.outputChannels, axis: 0)
    if arithmetic == .hybrid {
      let range = try activation.finiteRange(Float.self)
      let fast = try IntegerTransposedConvolution(
        node, geometry: geometry, arithmetic: arithmetic, hasBias: bias != nil, weightZeroPoint: 0,
        result: .float(scales: scales.scales, asymmetric: true, perRow: false, range: range))
      return fast?.kernel() ?? plain.hybrid(scales: scales.scales, asymmetric: true, range: range)
    }
    let factors =
      arithmetic == .uint8
      ? [try scales.legacyFactor(input: input, output: output)] : try scales.factors(input: input, output: output)
    let requantization = try Requantization(factors: factors, output: output, activation: activation)
    let fast = try IntegerTransposedConvolution(
      node, geometry: geometry, arithmetic: arithmetic, hasBias: bias != nil,
      weightZeroPoint: arithmetic == .uint8 ? scales.zeroPoint : 0, result: .fixedPoint(requantization))
    if let fast { return fast.kernel() }
    return plain.quantized(
      arithmetic, inputZeroPoint: input.quantization.zeroPoint ?? 0, weightZeroPoint: scales.zeroPoint,
      biasElement: bias?.element, requantization)
  }

  /// Checks an output shape against the other operands, and answers the convolution that leads from the output back to the input.
  private func geometry(_ node: NodeContext, _ output: Shape) throws(OperatorError) -> ConvolutionGeometry {
    let filter = try node.input(1).shape
    let image = try node.input(2).shape
    guard output.rank == 4, output[0] == image[0], output[3] == filter[0] else {
      throw .malformed("output shape \(output) does not match input \(image) and filter \(filter)")
    }
    let height = try SlidingWindow(
      "height", input: output[1], kernel: filter[1], stride: strideHeight, padding: padding)
    let width = try SlidingWindow("width", input: output[2], kernel: filter[2], stride: strideWidth, padding: padding)
    guard height.output == image[1], width.output == image[2] else {
      throw .malformed(
        "output shape \(output) would come from an input of \(height.output) by \(width.output) pixels, not from \(image)"
      )
    }
    return ConvolutionGeometry(
      batch: output[0], height: height, width: width, inputChannels: image[3], outputChannels: filter[0], groups: 1)
  }

  /// Checks types and quantisation.
  private func arithmetic(_ node: NodeContext) throws(OperatorError) -> ProductArithmetic {
    let filter = try node.input(1)
    let input = try node.input(2)
    let output = try node.output(0)
    let bias = node.optionalInput(3)
    let arithmetic = try ProductArithmetic(
      input: input, weights: filter, bias: bias, output: output, hybridWeights: [.int8], narrowWeights: [],
      biasOption: quantizedBiasType, channels: filter.shape[0])
    if arithmetic == .float { return arithmetic }
    try WeightScales(filter, channels: filter.shape[0], axis: 0)
      .check(arithmetic, input: input, bias: bias, output: output, activation: activation)
    return arithmetic
  }
}
