internal import CKernels
internal import FlatBuffers
internal import TensorTypes

/// Integer transposed convolutions on the C kernels. Operands: weights 1, image 2, bias 3 if there is one, output 0.
@safe struct IntegerTransposedConvolution: Sendable {
  private let geometry: TransposedGeometry
  /// One for each phase.
  private let packings: [IntegerPacking]
  /// Where the packed weights of each phase begin, in bytes.
  private let offsets: [Int]
  private let packedBytes: Int
  private let hasBias: Bool
  /// Whether the kernels add the bias to the sums.
  private let packsBias: Bool
  private let output: ElementType
  private let result: IntegerResult
  private let target: IntegerTarget
  /// Nil when weights are packed in each invocation.
  private let packed: SharedBytes?
  private let items: ProductItems
  private let threads: Int

  private enum Scratch {
    // The first three are those of `DynamicQuantization`.
    static let quantized = 0
    static let prepared = 3
    static let packed = 4
    static let gathered = 5
  }

  /// - Parameters:
  ///   - arithmetic: not `float`.
  ///   - weightZeroPoint: the zero point of all weights.
  ///   - result: `fixedPoint`, or `float` with a scale for each image.
  /// - Returns: nil when there are no C kernels for this.
  init?(
    _ node: NodeContext, geometry convolution: ConvolutionGeometry, arithmetic: ProductArithmetic, hasBias: Bool,
    weightZeroPoint: Int, result: IntegerResult
  ) throws(OperatorError) {
    guard let kernels = Microkernels.current,
      let geometry = TransposedGeometry(convolution, emptyTaps: 1), let firstPhase = geometry.phases.first
    else { return nil }
    let channels = geometry.outputChannels
    let isHybrid = arithmetic == .hybrid
    var isWide = false
    var sumsIn32Bits = true
    if case .int16(let wide) = arithmetic { (isWide, sumsIn32Bits) = (true, !wide) }
    var multipliers: [QuantizedMultiplier] = []
    if case .fixedPoint(let requantization) = result { multipliers = requantization.multipliers }
    let inputZeroPoint = isHybrid || isWide ? 0 : try node.input(2).quantization.zeroPoint ?? 0
    output = try node.output(0).element
    let format = tflk_quantized_format(
      input: isWide ? TFLK_INT16 : arithmetic == .uint8 ? TFLK_UINT8 : TFLK_INT8,
      weights: arithmetic == .uint8 ? TFLK_UINT8 : TFLK_INT8, inputZeroPoint: inputZeroPoint,
      weightZeroPoint: weightZeroPoint, result: result, element: output)
    let factors = try IntegerPacking.factors(multipliers, count: channels)
    func packing(_ geometry: tflk_conv_geometry) -> IntegerPacking {
      IntegerPacking(
        kernels: kernels, geometry: geometry, groups: 1, format: format, isWide: isWide, sumsIn32Bits: sumsIn32Bits,
        multipliers: multipliers, factors: factors, isTransposed: false)
    }
    guard packing(firstPhase.geometry).isSupported else { return nil }
    self.geometry = geometry
    self.hasBias = hasBias
    self.result = result
    threads = node.threads
    let isFloat = if case .float = result { true } else { false }
    packsBias = hasBias && !isFloat
    target = try IntegerTarget(result, output: output, columns: channels, bias: hasBias ? 3 : nil)
    let packings = geometry.phases.map { packing($0.geometry) }
    var offsets = [0]
    for packing in packings { offsets.append(offsets[offsets.count - 1] + packing.groupBytes) }
    self.packings = packings
    self.offsets = offsets
    packedBytes = offsets[offsets.count - 1]
    items = ProductItems(
      zip(geometry.phases, packings).map { phase, packing in
        packing.tiling(rows: phase.rows, threads: node.threads)
      })
    var bias = packsBias ? node.constant(3)?.bytes : nil
    guard let constant = node.constant(1)?.bytes, !packsBias || bias != nil else {
      packed = nil
      // A computed bias would have to be widened.
      if isWide { return nil }
      return
    }
    let weightBytes = channels * geometry.inputChannels * geometry.kernelHeight * geometry.kernelWidth
    guard constant.count >= weightBytes else { throw .malformed("constant weights have too few bytes for their shape") }
    if let bytes = bias {
      let type = try node.input(3)
      guard let byteCount = type.byteCount, bytes.count >= byteCount else {
        throw .malformed("the bias has \(bytes.count) bytes, too few for \(type)")
      }
      if isWide, type.element == .int32 { bias = try IntegerPacking.widened(bytes, count: channels) }
    }
    let key = """
      integer transposed \(kernels.name) \(convolution) \(format.input_type.rawValue) \(inputZeroPoint) \
      \(weightZeroPoint) \(sumsIn32Bits) \
      \(contentText(multipliers))
      """
    let total = packedBytes
    let offsetBytes = bias
    packed = try node.packed(key, of: packsBias ? [1, 3] : [1]) { () throws(OperatorError) -> SharedBytes in
      let gathered = packings.map { $0.columns * $0.depth }.max() ?? 0
      return try unsafe SharedBytes.make(count: total, failure: { _ in OperatorError.outOfMemory(bytes: total) }) {
        target throws(OperatorError) in
        _ = try unsafe SharedBytes.make(
          count: gathered, failure: { _ in OperatorError.outOfMemory(bytes: gathered) }
        ) { buffer throws(OperatorError) in
          guard let to = target.baseAddress, let gathered = buffer.baseAddress else { return }
          for index in geometry.phases.indices {
            unsafe Self.pack(
              geometry, packings[index], index, weights: constant.baseAddress, bias: offsetBytes?.baseAddress,
              gathered: gathered, into: to + offsets[index])
          }
        }
      }
    }
  }

  /// Gathers and packs the weights of one phase.
  private static func pack(
    _ geometry: TransposedGeometry, _ packing: IntegerPacking, _ index: Int, weights: UnsafeRawPointer,
    bias: UnsafeRawPointer?, gathered: UnsafeMutableRawPointer, into packed: UnsafeMutableRawPointer
  ) {
    let phase = geometry.phases[index]
    if phase.taps == 0 {
      // One tap whose weights stand for zero.
      let zero = UInt8(truncatingIfNeeded: packing.format.weight_zero_point)
      unsafe gathered.initializeMemory(as: UInt8.self, repeating: zero, count: packing.columns * packing.depth)
    } else {
      for channel in 0..<geometry.outputChannels {
        unsafe geometry.gather(phase, channel: channel, from: weights, to: gathered + channel * packing.depth, width: 1)
      }
    }
    for tile in 0..<packing.columnTiles {
      unsafe packing.pack(tile: tile, weights: gathered, bias: bias, into: packed)
    }
  }

  func kernel() -> Kernel {
    let packing = packings[0]
    let preparedPixels = packing.preparedPixels
    let bytesPerPixel = geometry.inputChannels * (packing.isWide ? 2 : 1)
    let preparedTile = preparedTile(
      pixels: preparedPixels, bytesPerPixel: bytesPerPixel, isDivided: items.count > 1, threads: threads)
    let preparedTiles = preparedPixels == 0 ? 0 : (preparedPixels - 1) / preparedTile + 1
    let imageElements = packing.geometry.input_height * packing.geometry.input_width * geometry.inputChannels
    var isAsymmetric = false
    var isHybrid = false
    if case .float(_, let asymmetric, _, _) = result { (isHybrid, isAsymmetric) = (true, asymmetric) }
    let (isQuantized, usesZeroPoints) = (isHybrid, isAsymmetric)
    var gatheredOffsets: [Int] = []
    var position = 0
    for packing in packings {
      gatheredOffsets.append(position)
      position += packing.columns * packing.depth
    }
    let starts = gatheredOffsets
    let isComputed = packed == nil
    let batch = geometry.batch
    let scratch = [
      isQuantized ? batch * imageElements : 0, isQuantized ? batch * 4 : 0, isQuantized ? batch * 4 : 0,
      packing.preparedBytes, isComputed ? packedBytes : 0, isComputed ? position : 0,
    ]
    let outputBytes = output.bitWidth / 8
    return Kernel(scratch: scratch) { io throws(OperatorError) in
      if isComputed {
        try io.forEachTile(packings.count, workers: threads) { index, _ in
          guard let weights = unsafe io.inputBytes(1).baseAddress,
            let target = unsafe io.scratchBytes(Scratch.packed).baseAddress,
            let gathered = unsafe io.scratchBytes(Scratch.gathered).baseAddress
          else { return }
          unsafe Self.pack(
            geometry, packings[index], index, weights: weights, bias: packsBias ? io.inputBytes(3).baseAddress : nil,
            gathered: gathered + starts[index], into: target + offsets[index])
        }
      }
      if isQuantized {
        try DynamicQuantization.quantizeRows(
          io, input: 2, rows: batch, columns: imageElements, asymmetric: usesZeroPoints)
      }
      try io.forEachTile(preparedTiles, workers: threads) { index, _ in
        let first = index * preparedTile
        let end = min(first + preparedTile, preparedPixels)
        let source =
          unsafe isQuantized
          ? UnsafeRawPointer(io.scratchBytes(Scratch.quantized).baseAddress) : io.inputBytes(2).baseAddress
        guard let source = unsafe source, let target = unsafe io.scratchBytes(Scratch.prepared).baseAddress else {
          return
        }
        let zeroPoints =
          unsafe usesZeroPoints ? UnsafePointer(io.scratchBytes(2).bindMemory(to: Int32.self).baseAddress) : nil
        let table = unsafe packing.kernels.table.pointee
        // Safety: sizes were checked against the operands' shapes in `infer`, and operands have the bytes of their shapes.
        unsafe withUnsafePointer(to: packing.geometry) { geometry in
          unsafe withUnsafePointer(to: packing.format) { format in
            if packing.isWide {
              unsafe table.int16_prepare(
                geometry, format, source.assumingMemoryBound(to: Int16.self), target, first, end)
            } else {
              unsafe table.int8_prepare(geometry, format, source, zeroPoints, target, first, end)
            }
          }
        }
      }
      try io.forEachTile(items.count, workers: threads) { index, _ in
        let (product, rows, tiles) = items.item(index)
        guard let prepared = unsafe io.scratchBytes(Scratch.prepared).baseAddress,
          let weights = unsafe packed?.baseAddress ?? UnsafeRawPointer(io.scratchBytes(Scratch.packed).baseAddress),
          let y = unsafe io.outputBytes(0).baseAddress
        else { return }
        let packing = packings[product]
        let phase = geometry.phases[product]
        let table = unsafe packing.kernels.table.pointee
        var target = unsafe target(
          io, firstColumn: 0, rowsPerScale: phase.geometry.output_height * phase.geometry.output_width)
        unsafe withUnsafePointer(to: packing.geometry) { description in
          unsafe withUnsafePointer(to: packing.format) { format in
            geometry.forEachLine(of: phase, rows: rows) { rows, element in
              unsafe target.data = y + element * outputBytes
              let convolve = unsafe packing.isWide ? table.int16_conv : table.int8_conv
              unsafe convolve?(
                description, format, prepared, weights + offsets[product], &target, rows.lowerBound, rows.upperBound,
                tiles.lowerBound, tiles.upperBound)
            }
          }
        }
      }
    }
  }
}
