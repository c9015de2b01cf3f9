internal import CKernels
internal import Glibc
public import TensorTypes

/// `FULLY_CONNECTED`: the product of rows of activations with weights `[units, depth]`, plus a bias, clamped by the fused activation.
///
/// Inputs: activations of any shape, of which every `depth` elements are a row; weights (rank 2); optional bias (one element per unit). The
/// output is `[rows, units]`, or with `keep_num_dims` the input's shape with `units` in place of the last dimension, which must be `depth`.
/// Types: `float32` with `float32` or constant `float16` weights; `float32` with `int8`, `uint8` (bytes are read as signed), `int4` or `int2`
/// weights, for which each row is quantised while the model runs; `uint8` with `uint8`, giving `uint8` or `int16`; `int8` with `int8`, `int4`
/// or `int2`, giving `int8` or `int16`; `int16` with `int8`, `int4`, `int2` or `int16`; quantised per tensor or per unit, with the same bits as
/// TFLite's reference kernels. `int4` and `int2` weights may have a scale for each block along the depth. Shuffled weights are `uint8` and give
/// `int16`, with the shuffled input as second output.
public struct FullyConnected: Operator {
  public static let definition = OperatorDefinition(.fullyConnected, versions: 1...14, options: 8)

  package let activation: FusedActivation
  package let keepsDimensions: Bool
  /// Whether float rows are quantised with a zero point.
  package let quantizesInputsAsymmetrically: Bool
  /// The type of bias and sums for `int16` activations; `float32` when it is not set.
  package let quantizedBiasType: ElementType
  /// Whether weights are stored in blocks; see ``ShuffledMatrixProduct``.
  package let isShuffled: Bool

  public init(options: OperatorOptions) throws(OperatorError) {
    activation = try FusedActivation(options, slot: 0)
    let format = try options.int8(1)
    guard format == 0 || format == 1 else { throw .malformed("\(format) is not a weights format") }
    isShuffled = format == 1
    keepsDimensions = try options.bool(2)
    quantizesInputsAsymmetrically = try options.bool(3)
    quantizedBiasType = try options.elementType(4)
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    if isShuffled {
      _ = try ShuffledMatrixProduct(node, activation: activation)
    } else {
      try node.expect(inputs: 2...3)
    }
    let input = try node.input(0).shape
    let weights = try node.input(1).shape
    guard weights.rank == 2 else { throw .malformed("the weights \(weights) must have rank 2") }
    let (units, depth) = (weights[0], weights[1])
    if case .blockwise = try node.input(1).quantization {
      try checkBlockwise(node)
    } else if !isShuffled {
      if try !node.isHalfProduct(input: 0, weights: 1, bias: 2, channels: weights[0]) { _ = try arithmetic(node) }
    }
    let result: Shape?
    if keepsDimensions {
      guard let last = input.last, last == depth || depth == 0 else {
        throw .malformed("the last dimension of input \(input) is not the depth \(depth) of the weights")
      }
      result = Shape(input.dimensions.dropLast() + [units])
    } else if depth == 0 {
      result = Shape([input.product(0..<max(input.rank - 1, 0)), units])
    } else {
      guard input.elementCount % depth == 0 else {
        throw .malformed("input \(input) does not divide into rows of the weights' depth \(depth)")
      }
      result = Shape([input.elementCount / depth, units])
    }
    guard let result else { throw .malformed("the output of input \(input) and weights \(weights) is too large") }
    return isShuffled ? [result, input] : [result]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    if isShuffled { return try ShuffledMatrixProduct(node, activation: activation).kernel() }
    let input = try node.input(0)
    let weights = try node.input(1)
    let output = try node.output(0)
    let bias = node.optionalInput(2)
    let (units, depth) = (weights.shape[0], weights.shape[1])
    guard depth > 0 else {
      // As in TFLite, the bias plays no part.
      return Kernel { io throws(OperatorError) in
        let bytes = unsafe io.outputBytes(0)
        if let start = bytes.baseAddress { unsafe memset(start, 0, bytes.count) }
      }
    }
    guard output.shape.elementCount > 0 else { return Kernel { _ in } }
    let rows = input.shape.elementCount / depth
    if case .blockwise = weights.quantization {
      return try BlockwiseWeights(node, input: 1).product(
        node, rows: rows, hasBias: bias != nil, range: try activation.floatRange())
    }
    let plain = PlainMatrixProduct(
      geometry: MatrixProductGeometry(rows: rows, columns: units, depth: depth),
      right: try Weights(node, input: 1), hasBias: bias != nil)
    let arithmetic = try arithmetic(node)
    if arithmetic == .float {
      let range = try activation.finiteRange(Float.self)
      let fast = try FloatConvolution(
        node, geometry: tflk_gemm_geometry(rows, units, depth, depth, units), groups: 1, image: 0, weights: 1,
        bias: bias == nil ? nil : 2, range: range)
      return fast?.kernel() ?? plain.float(range)
    }
    let scales = try WeightScales(weights, channels: units, axis: 0)
    func fast(_ zeroPoint: Int, _ result: IntegerResult) throws(OperatorError) -> Kernel? {
      try IntegerConvolution(
        node, geometry: tflk_gemm_geometry(rows, units, depth, depth, units), groups: 1, arithmetic: arithmetic,
        inputs: (image: 0, weights: 1, bias: bias == nil ? nil : 2), weightZeroPoint: zeroPoint, result: result
      )?.kernel()
    }
    if arithmetic == .hybrid {
      let range = try activation.floatRange()
      return try fast(
        0, .float(scales: scales.scales, asymmetric: quantizesInputsAsymmetrically, perRow: true, range: range))
        ?? plain.hybrid(scales: scales.scales, asymmetric: quantizesInputsAsymmetrically, range: range)
    }
    let inputZeroPoint = Int32(clamping: input.quantization.zeroPoint ?? 0)
    let weightZeroPoint = Int32(clamping: scales.zeroPoint)
    let requantize = try RealRequantization(
      factors: scales.factors(input: input, output: output), output: output, activation: activation)
    if weights.element != .int16, let fast = try fast(scales.zeroPoint, .real(requantize)) { return fast }
    switch (arithmetic, output.element) {
    case (.uint8, .uint8):
      return plain.narrow(
        UInt8.self, output: UInt8.self, leftZeroPoint: inputZeroPoint, rightZeroPoint: weightZeroPoint
      ) { UInt8(truncatingIfNeeded: requantize($0, $1)) }
    case (.uint8, _):
      return plain.narrow(
        UInt8.self, output: Int16.self, leftZeroPoint: inputZeroPoint, rightZeroPoint: weightZeroPoint
      ) { Int16(truncatingIfNeeded: requantize($0, $1)) }
    case (.int8, .int8):
      return plain.narrow(
        Int8.self, output: Int8.self, leftZeroPoint: inputZeroPoint, rightZeroPoint: weightZeroPoint
      ) { Int8(truncatingIfNeeded: requantize($0, $1)) }
    case (.int8, _):
      return plain.narrow(
        Int8.self, output: Int16.self, leftZeroPoint: inputZeroPoint, rightZeroPoint: weightZeroPoint
      ) { Int16(truncatingIfNeeded: requantize($0, $1)) }
    case (.int16(let wide), _):
      if weights.element == .int16 {
        let factors =
          scales.isPerChannel
          ? try scales.factors(input: input, output: output) : [try scales.legacyFactor(input: input, output: output)]
        let requantize = try Requantization(factors: factors, output: output, activation: activation)
        if scales.zeroPoint == 0, arithmetic == .int16(wide: true),
          let fast = try fast(0, .fixedPoint(requantize))
        {
          return fast
        }
        return plain.wide(
          Int16.self, sum: Int64.self, rightZeroPoint: Int64(weightZeroPoint), biasElement: bias?.element
        ) { requantize(wide: $0, $1) }
      }
      if wide {
        return plain.wide(
          Int8.self, sum: Int64.self, rightZeroPoint: Int64(weightZeroPoint), biasElement: bias?.element
        ) { requantize($0, $1) }
      }
      return plain.wide(
        Int8.self, sum: Int32.self, rightZeroPoint: weightZeroPoint, biasElement: bias?.element
      ) { requantize($0, $1) }
    default: throw .unsupported("\(input.element) input with \(output.element) output")
    }
  }

  private func checkBlockwise(_ node: NodeContext) throws(OperatorError) {
    let input = try node.input(0)
    let output = try node.output(0)
    guard input.element == .float32, output.element == .float32 else {
      throw .unsupported("\(input.element) input with blockwise quantised weights; float32 is supported")
    }
    let weights = try BlockwiseWeights(node, input: 1)
    if let bias = node.optionalInput(2) {
      guard bias.element == .float32, bias.shape.elementCount == weights.units else {
        throw .malformed("the bias is \(bias), not \(weights.units) float32")
      }
    }
    _ = try activation.floatRange()
  }

  /// Checks types and quantisation.
  private func arithmetic(_ node: NodeContext) throws(OperatorError) -> ProductArithmetic {
    let input = try node.input(0)
    let weights = try node.input(1)
    let output = try node.output(0)
    let bias = node.optionalInput(2)
    // 8-bit activations may give 16-bit results; everything else keeps its type.
    var comparable = output
    if output.element == .int16, input.element == .uint8 || input.element == .int8 {
      comparable.element = input.element
    }
    var comparableWeights = weights
    if input.element == .int16, weights.element == .int16 { comparableWeights.element = .int8 }
    let arithmetic = try ProductArithmetic(
      input: input, weights: comparableWeights, bias: bias, output: comparable,
      hybridWeights: [.int8, .uint8, .int4, .int2], narrowWeights: [.int4, .int2], biasOption: quantizedBiasType,
      channels: weights.shape[0])
    _ = try activation.floatRange()
    if arithmetic == .float { return arithmetic }
    let scales = try WeightScales(weights, channels: weights.shape[0], axis: 0)
    guard scales.zeroPoint == 0 || (weights.element != .int4 && weights.element != .int2) else {
      throw .malformed("the zero point of \(weights.element) weights must be 0")
    }
    if arithmetic == .hybrid { return arithmetic }
    if input.element == .uint8, scales.isPerChannel {
      throw .unsupported("uint8 weights with one scale per channel; int8 ones are supported")
    }
    _ = try scales.factors(input: input, output: output)
    if !scales.isPerChannel {
      _ = try scales.legacyFactor(input: input, output: output)
      try scales.checkBias(bias, input: input, output: output)
    }
    _ = try activation.quantizedRange(output)
    return arithmetic
  }
}
