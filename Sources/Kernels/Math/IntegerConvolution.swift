internal import CKernels
internal import FlatBuffers
internal import TensorTypes

/// Integer convolutions, and matrix products with weights `[columns][depth]`, on the C kernels.
@safe final class IntegerConvolution: Sendable {
  private let packing: IntegerPacking
  private let image: Int
  private let weights: Int
  private let bias: Int?
  private let output: ElementType
  private let result: IntegerResult
  private let target: IntegerTarget
  /// The functions of the instruction set.
  nonisolated(unsafe) private let table: UnsafePointer<tflk_kernels>
  /// Nil when weights are packed in each invocation.
  private let packed: SharedBytes?
  /// Bytes of the packed weights of one group.
  private let groupBytes: Int
  private let bands: ConvolutionBands
  /// How each band is divided.
  private let tiling: ProductTiling
  private let threads: Int
  /// Whether the sums are scaled by another loop.
  private let writesSums: Bool

  private enum Scratch {
    // The first three are those of `DynamicQuantization`.
    static let quantized = 0
    static let zeroPoints = 2
    static let prepared = 3
    static let packed = 4
    static let sums = 5
    static let winograd = 6
  }

  /// - Parameters:
  ///   - geometry: one group.
  ///   - arithmetic: not `float`.
  ///   - inputs: the inputs with activations, weights and, if there is one, bias.
  ///   - weightZeroPoint: the zero point of all weights.
  ///   - isTransposed: whether the weights are stored `[depth][columns]`.
  /// - Returns: nil when there are no C kernels for this.
  init?(
    _ node: NodeContext, geometry: tflk_conv_geometry, groups: Int, arithmetic: ProductArithmetic,
    inputs: (image: Int, weights: Int, bias: Int?), weightZeroPoint: Int, result: IntegerResult,
    isTransposed: Bool = false
  ) throws(OperatorError) {
    guard let kernels = Microkernels.current else { return nil }
    let input = try node.input(inputs.image)
    let weightType = try node.input(inputs.weights)
    let isHybrid = arithmetic == .hybrid
    var isWide = false
    var sumsIn32Bits = true
    if case .int16(let wide) = arithmetic { (isWide, sumsIn32Bits) = (true, !wide) }
    var multipliers: [QuantizedMultiplier] = []
    if case .fixedPoint(let requantization) = result { multipliers = requantization.multipliers }
    let inputZeroPoint = isHybrid || isWide ? 0 : input.quantization.zeroPoint ?? 0
    output = try node.output(0).element
    let format = tflk_quantized_format(
      input: isWide ? TFLK_INT16 : arithmetic == .uint8 ? TFLK_UINT8 : TFLK_INT8,
      weights: arithmetic == .uint8 ? TFLK_UINT8 : weightType.element == .int16 ? TFLK_INT16 : TFLK_INT8,
      inputZeroPoint: inputZeroPoint, weightZeroPoint: weightZeroPoint, result: result, element: output)
    var packing = IntegerPacking(
      kernels: kernels, geometry: geometry, groups: groups, format: format, isWide: isWide, sumsIn32Bits: sumsIn32Bits,
      multipliers: multipliers,
      factors: try IntegerPacking.factors(multipliers, count: groups * geometry.output_channels),
      isTransposed: isTransposed)
    guard packing.isSupported else { return nil }
    image = inputs.image
    weights = inputs.weights
    bias = inputs.bias
    self.result = result
    threads = node.threads
    var packedBias = inputs.bias
    if case .float = result { packedBias = nil }
    // The kernels of int16 activations do not scale in double precision.
    writesSums = if case .real = result { isWide } else { false }
    let sumType = isWide && !sumsIn32Bits ? TFLK_INT64 : TFLK_INT32
    target = try IntegerTarget(
      result, output: output, columns: groups * geometry.output_channels, bias: inputs.bias,
      sums: writesSums ? sumType : nil)
    unsafe table = kernels.table
    if node.usesWinograd, weightType.element.bitWidth < 8 || node.constant(inputs.weights) != nil,
      packedBias.map({ node.constant($0) != nil }) ?? true
    {
      packing.choosesWinograd()
    }
    packed = try packing.packed(node, weights: inputs.weights, bias: packedBias)
    if packed == nil { packing.packsOften() }
    self.packing = packing
    groupBytes = packing.groupBytes
    // Computed weights of less than a byte, and computed biases that would have to be widened, are left to other kernels.
    let isBiasReady =
      try inputs.bias.map { bias throws(OperatorError) in try node.input(bias).element == .int64 } ?? true
    guard packed != nil || (weightType.element.bitWidth >= 8 && (!isWide || isBiasReady)) else { return nil }
    (bands, tiling) = packing.bands(threads: node.threads)
  }

  private var rows: Int { packing.geometry.batch * packing.geometry.output_height * packing.geometry.output_width }
  private var totalColumns: Int { packing.groups * packing.columns }
  /// Elements of one row of activations that shares a scale, and how many there are, for float results.
  private var quantizedRows: (count: Int, elements: Int) {
    guard case .float(_, _, let perRow, _) = result else { return (0, 0) }
    let geometry = packing.geometry
    return perRow
      ? (rows, geometry.input_pixel_stride)
      : (geometry.batch, geometry.input_height * geometry.input_width * geometry.input_pixel_stride)
  }

  func kernel() -> Kernel {
    let quantized = quantizedRows
    let sumBytes = writesSums ? rows * totalColumns * sumWidth : 0
    let itemsPerBand = packing.groups * tiling.count
    let count = bands.count * itemsPerBand
    let workers = count == 1 ? 1 : threads
    let preparedBytes = unsafe PreparedBand.prefix + aligned(packing.preparedBytes(bands.largest))
    let scratch = [
      quantized.count * quantized.elements, quantized.count * 4, quantized.count * 4, workers * preparedBytes,
      packed == nil ? packing.totalBytes : 0, sumBytes, workers * packing.scratchBytes,
    ]
    var kernel =
      count == 1
      ? kernel(of: bands[0], scratch: scratch)
      : Kernel(scratch: scratch) { [self] io throws(OperatorError) in
        try begin(io, quantized)
        guard let scratch = unsafe io.scratchBytes(Scratch.prepared).baseAddress else { return }
        let prepared = unsafe PreparedBand.each(workers, in: scratch, apart: preparedBytes)
        try io.forEachTile(count, workers: workers) { index, worker in
          let (bandIndex, item) = index.quotientAndRemainder(dividingBy: itemsPerBand)
          let (group, part) = item.quotientAndRemainder(dividingBy: tiling.count)
          let band = bands[bandIndex]
          let rowsOfBand = packing.usesWinograd ? 1 : band.geometry.output_height * band.geometry.output_width
          let (rows, tiles) = tiling.item(part, rows: rowsOfBand)
          guard !rows.isEmpty else { return }
          let copy = unsafe prepared[worker]
          unsafe withUnsafePointer(to: band.geometry) { geometry in
            unsafe withUnsafePointer(to: packing.format) { format in
              if unsafe copy.begins(bandIndex * packing.groups + group) {
                unsafe prepare(band, geometry, format, group: group, into: copy.bytes, io)
              }
              unsafe compute(
                band, geometry, format, group: group, rows: rows, tiles: tiles, prepared: copy.bytes, worker: worker, io
              )
            }
          }
        }
      }
    kernel.takesOutputPitch = !writesSums
    return kernel
  }

  /// All in one piece, as in small networks, where anything else than the arithmetic would count.
  private func kernel(of band: ConvolutionBands.Band, scratch: [Int]) -> Kernel {
    let quantized = quantizedRows
    let (rows, tiles) = (band.geometry.output_height * band.geometry.output_width, packing.columnTiles)
    let (geometry, format) = (Addressed(band.geometry), Addressed(packing.format))
    let isReady = packed != nil && quantized.count == 0
    return Kernel(scratch: scratch) { [self] io throws(OperatorError) in
      if !isReady { try begin(io, quantized) }
      guard let copy = unsafe io.scratchBytes(Scratch.prepared).baseAddress else { return }
      unsafe prepare(band, geometry.pointer, format.pointer, group: 0, into: copy, io)
      unsafe compute(
        band, geometry.pointer, format.pointer, group: 0, rows: 0..<rows, tiles: 0..<tiles, prepared: copy, worker: 0,
        io)
    }
  }

  /// Makes what the convolution reads beside the image.
  private func begin(_ io: Operands, _ quantized: (count: Int, elements: Int)) throws(OperatorError) {
    if packed == nil { try pack(io) }
    if quantized.count > 0 {
      try DynamicQuantization.quantizeRows(
        io, input: image, rows: quantized.count, columns: quantized.elements, asymmetric: isAsymmetric)
    }
  }

  /// Whether activations that are quantised here have a zero point of their own.
  private var isAsymmetric: Bool { if case .float(_, true, _, _) = result { true } else { false } }

  private var sumType: tflk_type { packing.isWide && !packing.sumsIn32Bits ? TFLK_INT64 : TFLK_INT32 }
  private var sumWidth: Int { sumType == TFLK_INT64 ? 8 : 4 }

  /// Makes the padded copy of what a band of one group reads.
  private func prepare(
    _ band: ConvolutionBands.Band, _ geometry: UnsafePointer<tflk_conv_geometry>,
    _ format: UnsafePointer<tflk_quantized_format>, group: Int, into target: UnsafeMutableRawPointer, _ io: Operands
  ) {
    let isQuantizedHere = if case .float = result { true } else { false }
    let source =
      unsafe isQuantizedHere
      ? UnsafeRawPointer(io.scratchBytes(Scratch.quantized).baseAddress) : io.inputBytes(image).baseAddress
    guard let source = unsafe source else { return }
    let hasZeroPoints = if case .float(_, true, false, _) = result { true } else { false }
    let zeroPoints =
      unsafe hasZeroPoints
      ? UnsafePointer(io.scratchBytes(Scratch.zeroPoints).bindMemory(to: Int32.self).baseAddress) : nil
    let elementBytes = packing.isWide ? 2 : 1
    let first = group * packing.geometry.input_channels + band.firstPixel * packing.geometry.input_pixel_stride
    let x = unsafe source + first * elementBytes
    let table = unsafe table.pointee
    // Safety: sizes were checked against the operands' shapes in `infer`, and operands have the bytes of their shapes; the copy has room for
    // the largest band.
    if packing.isWide {
      unsafe table.int16_prepare(geometry, format, x.assumingMemoryBound(to: Int16.self), target, 0, .max)
    } else {
      unsafe table.int8_prepare(geometry, format, x, zeroPoints.map { unsafe $0 + band.image }, target, 0, .max)
    }
  }

  /// - Parameter rows: counted in the band; Winograd's method computes all of them.
  private func compute(
    _ band: ConvolutionBands.Band, _ geometry: UnsafePointer<tflk_conv_geometry>,
    _ format: UnsafePointer<tflk_quantized_format>, group: Int, rows: Range<Int>, tiles: Range<Int>,
    prepared: UnsafeRawPointer, worker: Int, _ io: Operands
  ) {
    guard
      let weights = unsafe packed?.baseAddress ?? UnsafeRawPointer(io.scratchBytes(Scratch.packed).baseAddress)
    else { return }
    let columns = packing.columns
    let whole = packing.geometry
    var target = unsafe target(
      io, firstColumn: group * columns, firstRow: band.firstRow, rowsPerScale: whole.output_height * whole.output_width)
    let first = band.firstRow * whole.output_pixel_stride + group * columns
    unsafe target.data =
      writesSums
      ? io.scratchBytes(Scratch.sums).baseAddress.map { unsafe $0 + first * sumWidth }
      : io.outputBytes(0).baseAddress.map { unsafe $0 + first * (output.bitWidth / 8) }
    let table = unsafe table.pointee
    if packing.usesWinograd {
      guard let scratch = unsafe io.scratchBytes(Scratch.winograd).baseAddress else { return }
      unsafe table.int8_winograd?(
        geometry, format, prepared, weights + group * groupBytes, &target, tiles.lowerBound, tiles.upperBound,
        scratch + worker * packing.scratchBytes)
      return
    }
    let convolve = unsafe packing.isWide ? table.int16_conv : table.int8_conv
    unsafe convolve?(
      geometry, format, prepared, weights + group * groupBytes, &target, rows.lowerBound, rows.upperBound,
      tiles.lowerBound, tiles.upperBound)
    guard writesSums, case .real(let requantize) = result else { return }
    let firstColumn = group * columns + tiles.lowerBound * packing.tileColumns
    let endColumn = group * columns + min(tiles.upperBound * packing.tileColumns, columns)
    io.requantize(
      requantize, wide: sumType == TFLK_INT64, rows: band.firstRow + rows.lowerBound..<band.firstRow + rows.upperBound,
      columns: firstColumn..<endColumn, stride: totalColumns)
  }

  /// Packs computed weights.
  private func pack(_ io: Operands) throws(OperatorError) {
    let packsBias = if case .float = result { false } else { true }
    try io.forEachTile(packing.groups * packing.columnTiles, workers: threads) { tile, _ in
      guard let source = unsafe io.inputBytes(weights).baseAddress,
        let target = unsafe io.scratchBytes(Scratch.packed).baseAddress
      else { return }
      let offsets = unsafe packsBias ? bias.flatMap { unsafe io.inputBytes($0).baseAddress } : nil
      unsafe packing.pack(tile: tile, weights: source, bias: offsets, into: target)
    }
  }
}

/// A value that C functions are given the address of, again and again.
@safe private final class Addressed<Value: BitwiseCopyable & Sendable>: Sendable {
  nonisolated(unsafe) let pointer: UnsafePointer<Value>

  init(_ value: Value) {
    let memory = UnsafeMutablePointer<Value>.allocate(capacity: 1)
    unsafe memory.initialize(to: value)
    unsafe pointer = UnsafePointer(memory)
  }

  deinit { unsafe pointer.deallocate() }
}

extension Operands {
  /// Scales a block of the sums in scratch 5, which are `Int64` or `Int32`, to the `Int16` of output 0.
  fileprivate func requantize(
    _ requantize: RealRequantization, wide: Bool, rows: Range<Int>, columns: Range<Int>, stride: Int
  ) {
    if wide {
      scale(requantize, Int64.self, rows, columns, stride)
    } else {
      scale(requantize, Int32.self, rows, columns, stride)
    }
  }

  @inline(__always)
  private func scale<Sum: FixedWidthInteger & BitwiseCopyable>(
    _ requantize: RealRequantization, _: Sum.Type, _ rows: Range<Int>, _ columns: Range<Int>, _ stride: Int
  ) {
    for row in rows {
      let range = row * stride + columns.lowerBound..<row * stride + columns.upperBound
      var y = output(0, as: Int16.self, in: range)
      requantize.scale(
        writtenScratch(5, as: Sum.self).extracting(range), firstChannel: columns.lowerBound, &y)
    }
  }
}
