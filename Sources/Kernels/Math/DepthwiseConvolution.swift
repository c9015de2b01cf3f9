internal import CKernels
internal import FlatBuffers
internal import TensorTypes

/// Float depthwise convolutions on the C kernels. Operands: image 0, weights 1, bias 2.
@safe struct FloatDepthwiseConvolution: Sendable {
  private let kernels: Microkernels
  private let geometry: tflk_conv_geometry
  private let weights: Weights
  private let hasBias: Bool
  private let range: ClosedRange<Float>
  private let linesPerTile: Int
  private let epilogue: Epilogue?
  /// How often each channel of the image is repeated first, so that there are as many as in the output; 1 where that is not done.
  private let repeats: Int
  private let inputElements: Int

  /// - Returns: nil when there are no C kernels.
  init?(_ node: NodeContext, geometry: ConvolutionGeometry, range: ClosedRange<Float>) throws(OperatorError) {
    guard let kernels = Microkernels.current else { return nil }
    self.kernels = kernels
    var whole = geometry.whole
    let multiplier = geometry.outputChannels / geometry.inputChannels
    inputElements = geometry.batch * geometry.inputPixelsPerBatch * geometry.inputChannels
    let (repeated, overflow) = inputElements.multipliedReportingOverflow(by: multiplier)
    // Not where the output is much smaller than the image.
    repeats =
      multiplier > 1 && !overflow && repeated / 16 <= inputElements + node.outputs[0].shape.elementCount
      ? multiplier : 1
    if repeats > 1 {
      whole.input_channels = geometry.outputChannels
      whole.input_pixel_stride = geometry.outputChannels
    }
    self.geometry = whole
    weights = try Weights(node, input: 1)
    hasBias = node.hasInput(2)
    epilogue = node.epilogue
    self.range = range
    let lines = geometry.batch * geometry.height.output
    let perLine = geometry.depthwiseMicroseconds(rate: kernels.floatRate) / Double(max(lines, 1))
    let item = itemMicroseconds(total: perLine * Double(lines), threads: node.threads)
    linesPerTile = max(1, min(lines, Int((item / max(perLine, 1e-6)).rounded(.up))))
  }

  func kernel() -> Kernel {
    let lines = geometry.batch * geometry.output_height
    let pitch = geometry.output_width * geometry.output_channels
    let scratch = repeats > 1 ? [inputElements * repeats * MemoryLayout<Float>.stride] : []
    var kernel = Kernel(scratch: scratch) { io throws(OperatorError) in
      if repeats > 1 { try repeatChannels(io) }
      try io.forEachTile(of: linesPerTile, in: lines) { range in
        weights.withSpan(io, as: Float.self) { w in
          unsafe w.withUnsafeBufferPointer { w in
            let image = unsafe repeats > 1 ? UnsafeRawBufferPointer(io.scratchBytes(0)) : io.inputBytes(0)
            guard let x = unsafe image.bindMemory(to: Float.self).baseAddress,
              let y = unsafe io.outputBytes(0).bindMemory(to: Float.self).baseAddress
            else { return }
            let bias = unsafe hasBias ? io.inputBytes(2).bindMemory(to: Float.self).baseAddress : nil
            // Safety: sizes were checked against the operands' shapes in `infer`, and operands have the bytes of their shapes.
            unsafe withUnsafePointer(to: geometry) {
              unsafe kernels.table.pointee.f32_depthwise(
                $0, x, w.baseAddress, bias, y, range.lowerBound, range.upperBound, self.range.lowerBound,
                self.range.upperBound)
            }
          }
        }
        // Safety: these are the lines that were just written.
        if let epilogue { unsafe epilogue.apply(io, rows: range, pitch: pitch, columns: 0..<pitch) }
      }
    }
    kernel.appliesEpilogue = epilogue != nil
    kernel.takesOutputPitch = epilogue == nil
    return kernel
  }

  private func repeatChannels(_ io: Operands) throws(OperatorError) {
    try io.parallel(inputElements, grain: max(1, elementwiseGrain / repeats)) { range in
      let x = io.input(0, as: Float.self, in: range)
      var y = io.scratch(0, as: Float.self, in: range.lowerBound * repeats..<range.upperBound * repeats)
      for i in x.indices {
        for j in 0..<repeats { y[i &* repeats &+ j] = x[i] }
      }
    }
  }
}

extension ConvolutionGeometry {
  /// How long a depthwise convolution takes.
  ///
  /// - Parameters:
  ///   - operationsPerResult: multiplications of a convolution that what follows on a sum is worth.
  ///   - rate: multiplications of a convolution in a microsecond, four times as many as of this one.
  func depthwiseMicroseconds(operationsPerResult: Int = 0, rate: Int) -> Double {
    let operations = 4 * height.kernel * width.kernel + operationsPerResult
    return Double(outputPixels * outputChannels) * Double(operations) / Double(max(rate, 1))
  }
}

/// Integer depthwise convolutions with constant weights and bias on the C kernels. Operands: image 0, weights 1, bias 2.
@safe struct IntegerDepthwiseConvolution: Sendable {
  private let kernels: Microkernels
  private let geometry: tflk_conv_geometry
  private let format: tflk_quantized_format
  private let packed: SharedBytes
  private let channelScales: SharedBytes
  private let result: IntegerResult
  private let output: ElementType
  private let hasBias: Bool
  private let bands: ConvolutionBands
  private let imageElements: Int
  private let threads: Int
  private let isWide: Bool

  /// - Parameter result: `fixedPoint`, or `float` with one scale per image.
  /// - Returns: nil when there are no C kernels for this.
  init?(
    _ node: NodeContext, geometry: ConvolutionGeometry, arithmetic: ProductArithmetic, weightZeroPoint: Int,
    result: IntegerResult
  ) throws(OperatorError) {
    guard let kernels = Microkernels.current,
      geometry.isPaddedCopyReasonable(channels: (geometry.outputChannels + 63) & ~63)
    else { return nil }
    let whole = geometry.whole
    let channels = geometry.outputChannels
    let input = try node.input(0)
    var isWide = false
    var sumsIn32Bits = true
    if case .int16(let wide) = arithmetic { (isWide, sumsIn32Bits) = (true, !wide) }
    var multipliers: [QuantizedMultiplier] = []
    if case .fixedPoint(let requantization) = result { multipliers = requantization.multipliers }
    let zeroPoint = isWide || arithmetic == .hybrid ? 0 : input.quantization.zeroPoint ?? 0
    output = try node.output(0).element
    let format = tflk_quantized_format(
      input: isWide ? TFLK_INT16 : arithmetic == .uint8 ? TFLK_UINT8 : TFLK_INT8,
      weights: arithmetic == .uint8 ? TFLK_UINT8 : TFLK_INT8, inputZeroPoint: zeroPoint,
      weightZeroPoint: weightZeroPoint, result: result, element: output)
    let factors = try IntegerPacking.factors(multipliers, count: channels)
    // Only its checks of numbers are wanted here.
    let checks = IntegerPacking(
      kernels: kernels, geometry: whole, groups: 1, format: format, isWide: isWide, sumsIn32Bits: sumsIn32Bits,
      multipliers: multipliers, factors: factors, isTransposed: false)
    guard checks.isSupported else { return nil }
    let filter = try node.input(1)
    let isNarrow = filter.element.bitWidth < 8
    guard let constant = isNarrow ? try node.requiredConstant(1) : node.constant(1) else { return nil }
    guard isNarrow || constant.bytes.count >= filter.shape.elementCount else {
      throw .malformed("constant weights have \(constant.bytes.count) bytes, too few for \(filter)")
    }
    var bias: SharedBytes?
    hasBias = node.hasInput(2)
    var isFloat = false
    channelScales = try result.channelScales(count: channels)
    if case .float = result {
      isFloat = true
    } else {
      if let type = node.optionalInput(2) {
        guard let bytes = node.constant(2)?.bytes else { return nil }
        guard let byteCount = type.byteCount, bytes.count >= byteCount else {
          throw .malformed("the bias has \(bytes.count) bytes, too few for \(type)")
        }
        bias = type.element == .int32 ? try IntegerPacking.widened(bytes, count: channels) : bytes
      }
    }
    let key = """
      depthwise \(kernels.name) \(filter.element) \(filter.shape) \(whole.input_channels) \(format.input_type.rawValue) \
      \(format.input_zero_point) \(format.weight_zero_point) \(format.lowest_result) \(format.highest_result) \(isWide) \(sumsIn32Bits) \
      \(contentText(multipliers))
      """
    let biasBytes = bias
    let bytes = unsafe withUnsafePointer(to: whole) { unsafe kernels.table.pointee.int_depthwise_packed_bytes($0) }
    packed = try unsafe node.packed(
      key, of: hasBias && !isFloat ? [1, 2] : [1], byteCount: bytes, parts: 1,
      source: isNarrow ? { () throws(OperatorError) in try node.unpacking(1) } : nil,
      pack: { _, source, target in
        let values = unsafe multipliers.isEmpty ? nil : factors.baseAddress.assumingMemoryBound(to: Int32.self)
        unsafe withUnsafePointer(to: whole) { geometry in
          unsafe withUnsafePointer(to: format) { format in
            unsafe kernels.table.pointee.int_depthwise_pack(
              geometry, format, source.baseAddress,
              biasBytes.map { unsafe $0.baseAddress.assumingMemoryBound(to: Int64.self) }, values,
              values.map { unsafe $0 + channels }, sumsIn32Bits, target)
          }
        }
      })
    self.kernels = kernels
    self.geometry = whole
    self.format = format
    self.isWide = isWide
    self.result = result
    threads = node.threads
    bands = ConvolutionBands(
      whole, dividesLines: false, bytesPerPixel: 2 * channels,
      microseconds: geometry.depthwiseMicroseconds(
        operationsPerResult: IntegerPacking.operationsPerResult, rate: kernels.integerRate / 2), threads: threads)
    imageElements = geometry.inputPixelsPerBatch * geometry.inputChannels
  }

  func kernel() -> Kernel {
    let isFloat = if case .float = result { true } else { false }
    let batch = geometry.batch
    let workers = bands.count == 1 ? 1 : threads
    let preparedBytes = unsafe withUnsafePointer(to: bands.largest) {
      unsafe aligned(kernels.table.pointee.int_depthwise_prepared_bytes($0))
    }
    let images = isFloat ? batch : 0
    let scratch = [images * imageElements, images * 4, images * 4, workers * preparedBytes]
    var kernel = Kernel(scratch: scratch) { io throws(OperatorError) in
      if isFloat {
        try DynamicQuantization.quantizeRows(io, input: 0, rows: batch, columns: imageElements, asymmetric: true)
      }
      try io.forEachTile(bands.count, workers: workers) { index, worker in
        let band = bands[index]
        let source = unsafe isFloat ? UnsafeRawPointer(io.scratchBytes(0).baseAddress) : io.inputBytes(0).baseAddress
        guard let source = unsafe source, let scratch = unsafe io.scratchBytes(3).baseAddress else { return }
        let zeroPoints =
          unsafe isFloat
          ? io.scratchBytes(2).bindMemory(to: Int32.self).baseAddress.map { unsafe $0 + band.image } : nil
        let table = unsafe kernels.table.pointee
        let input = unsafe source + band.firstPixel * geometry.input_pixel_stride * (isWide ? 2 : 1)
        let prepared = unsafe scratch + worker * preparedBytes
        var target = unsafe target(io, band)
        // Safety: sizes were checked against the operands' shapes in `infer`, and operands have the bytes of their shapes; the copy has room for
        // the largest band.
        unsafe withUnsafePointer(to: band.geometry) { geometry in
          unsafe withUnsafePointer(to: format) { format in
            unsafe table.int_depthwise_prepare(geometry, format, input, zeroPoints, prepared, 0, .max)
          }
          unsafe table.int_depthwise(geometry, prepared, packed.baseAddress, &target, 0, geometry.pointee.output_height)
        }
      }
    }
    kernel.takesOutputPitch = true
    return kernel
  }

  private func target(_ io: Operands, _ band: ConvolutionBands.Band) -> tflk_quantized_output {
    var target = unsafe tflk_quantized_output()
    let first = band.firstRow * geometry.output_pixel_stride * (output.bitWidth / 8)
    unsafe target.data = io.outputBytes(0).baseAddress.map { unsafe $0 + first }
    switch result {
    case .fixedPoint(let requantization):
      unsafe target.type = tflk_type(quantized: output)
      unsafe target.output_zero_point = requantization.zeroPoint
      unsafe target.activation_min = requantization.minimum
      unsafe target.activation_max = requantization.maximum
    case .real, .sums: unsafe target.type = TFLK_INT32
    case .float(_, _, _, let range):
      unsafe target.type = TFLK_FLOAT32
      if let scales = unsafe io.scratchBytes(1).bindMemory(to: Float.self).baseAddress {
        unsafe target.row_scale = UnsafePointer(scales + band.image)
      }
      unsafe target.rows_per_scale = geometry.output_height * geometry.output_width
      unsafe target.channel_scale = channelScales.baseAddress.assumingMemoryBound(to: Float.self)
      unsafe target.bias = hasBias ? UnsafePointer(io.inputBytes(2).bindMemory(to: Float.self).baseAddress) : nil
      unsafe target.clamp_min = range.lowerBound
      unsafe target.clamp_max = range.upperBound
    }
    return unsafe target
  }
}
