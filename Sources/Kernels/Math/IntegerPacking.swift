internal import CKernels
internal import FlatBuffers
internal import TensorTypes

/// Weights and bias packed for the integer kernels, group by group.
@safe struct IntegerPacking: Sendable {
  let kernels: Microkernels
  /// One group.
  let geometry: tflk_conv_geometry
  let groups: Int
  var format: tflk_quantized_format
  /// Whether activations are `int16`, summed in 64 bits unless `sumsIn32Bits`.
  let isWide: Bool
  let sumsIn32Bits: Bool
  /// One per column of each group, or one; empty when the kernel answers sums or floats.
  let multipliers: [QuantizedMultiplier]
  /// The multipliers of all columns, then their shifts, as `Int32`.
  let factors: SharedBytes
  /// Whether the weights of a group are stored `[depth][columns]`.
  let isTransposed: Bool
  /// Whether the convolution runs by Winograd's method.
  private(set) var usesWinograd = false

  var columns: Int { geometry.output_channels }
  var depth: Int { geometry.kernel_height * geometry.kernel_width * geometry.input_channels }
  var tileColumns: Int { unsafe kernels.table.pointee.int8_tile_columns }
  /// Column tiles of one group.
  var columnTiles: Int { (columns + tileColumns - 1) / tileColumns }

  /// Bytes of the packed weights of one group.
  var groupBytes: Int {
    unsafe withUnsafePointer(to: geometry) { geometry in
      unsafe withUnsafePointer(to: format) { format in
        let table = unsafe kernels.table.pointee
        if usesWinograd { return unsafe aligned(table.int8_winograd_packed_bytes(geometry, format)) }
        return unsafe aligned(isWide ? table.int16_packed_bytes(geometry, format) : table.int8_packed_bytes(geometry))
      }
    }
  }
  var totalBytes: Int { groups * groupBytes }
  private var weightBytes: Int { format.weight_type == TFLK_INT16 ? 2 : 1 }

  /// Bytes of the prepared activations of one group.
  var preparedBytes: Int {
    unsafe withUnsafePointer(to: geometry) {
      let table = unsafe kernels.table.pointee
      return unsafe aligned(isWide ? table.int16_prepared_bytes($0) : table.int8_prepared_bytes($0))
    }
  }

  /// Pixels of the prepared activations of one group.
  var preparedPixels: Int {
    unsafe withUnsafePointer(to: geometry) {
      let table = unsafe kernels.table.pointee
      return unsafe isWide ? table.int16_prepared_pixels($0) : table.int8_prepared_pixels($0)
    }
  }

  /// Chooses Winograd's method for constant weights, where it applies and saves enough: a quarter of the products, which are of 16 bits in place of 8,
  /// for packed weights of eight times the size.
  mutating func choosesWinograd() {
    let tiles = geometry.winogradTiles
    guard !isWide, !isTransposed, columns >= Self.winogradColumns,
      10 * tiles <= geometry.output_height * geometry.output_width
    else { return }
    let bytes = unsafe withUnsafePointer(to: geometry) { geometry in
      unsafe withUnsafePointer(to: format) { format in
        unsafe kernels.table.pointee.int8_winograd_packed_bytes(geometry, format)
      }
    }
    let bytesPerTile = bytes <= Self.cachedBytes ? Self.cachedBytesPerTile : Self.bytesPerTile
    usesWinograd = bytes > 0 && bytes / bytesPerTile <= geometry.batch * tiles
  }

  /// With fewer columns the transforms of the input take what is saved.
  private static let winogradColumns = 32
  /// Weights that may stay in the second-level cache from one invocation to the next.
  private static let cachedBytes = 512 << 10
  /// Weights beyond this many bytes for each tile of the output cost more to read than the saved multiplications, and much memory: of those that may
  /// be in the cache, and of the others.
  private static let (cachedBytesPerTile, bytesPerTile) = (96 << 10, 32 << 10)

  /// Bytes that each thread needs beside the prepared activations.
  var scratchBytes: Int {
    guard usesWinograd else { return 0 }
    return unsafe withUnsafePointer(to: geometry) {
      unsafe aligned(kernels.table.pointee.int8_winograd_scratch_bytes($0))
    }
  }

  /// Whether the kernels take these numbers: zero points inside of their types, scales that are not negative, shifts that fit.
  var isSupported: Bool {
    func limits(_ type: tflk_type) -> ClosedRange<Int32> {
      type == TFLK_INT8 ? -128...127 : type == TFLK_UINT8 ? 0...255 : 0...0
    }
    let shifts: ClosedRange<Int32> = isWide && !sumsIn32Bits ? -31...14 : -31...31
    return limits(format.input_type).contains(format.input_zero_point)
      && limits(format.weight_type).contains(format.weight_zero_point)
      && multipliers.allSatisfy { $0.multiplier >= 0 && shifts.contains($0.shift) }
  }

  /// What requantising one result costs, in multiplications.
  static let operationsPerResult = 48

  /// Multiplications of one row with one column tile, with what requantising is worth.
  private var operations: Int { (depth / (usesWinograd ? 2 : 1) + Self.operationsPerResult) * tileColumns }
  /// Multiplications in a microsecond.
  private var rate: Int { isWide ? kernels.integerRate / 2 : kernels.integerRate }

  /// How a product with so many rows is divided.
  func tiling(rows: Int, threads: Int) -> ProductTiling {
    ProductTiling(
      rows: rows, columnTiles: columnTiles, panelBytes: groupBytes / max(columnTiles, 1), operations: operations,
      rowMultiple: unsafe kernels.table.pointee.int8_tile_rows, rate: rate, threads: threads)
  }

  /// How a band is divided that is computed as a whole, for some of the columns: for each thread some, as each part transforms the input again.
  private func wholeTiling(rows: Int, threads: Int) -> ProductTiling {
    ProductTiling(
      rows: 1, columnTiles: columnTiles, panelBytes: 0, operations: threads > 1 ? operations * rows : 1,
      rowMultiple: .max, rate: rate, threads: threads)
  }

  /// How the convolution of all groups is divided: into bands, and those as a tiling says.
  func bands(threads: Int) -> (bands: ConvolutionBands, tiling: ProductTiling) {
    let rows = geometry.batch * geometry.output_height * geometry.output_width
    let microseconds =
      Double(rows) * Double(operations) * Double(columnTiles) * Double(groups) / Double(max(rate, 1))
    let bands = ConvolutionBands(
      geometry, dividesLines: true, bytesPerPixel: geometry.input_channels * (isWide ? 2 : 1),
      microseconds: microseconds,
      columnGroups: usesWinograd ? groups : groups * ProductTiling.columnGroups(ofBytes: groupBytes),
      lineMultiple: usesWinograd ? tflk_conv_geometry.winogradTileLines : 1, threads: threads)
    let largest = bands.largest
    let largestRows = largest.output_height * largest.output_width
    let bandThreads = bands.count * groups > 1 ? 1 : threads
    // By Winograd's method a band is computed as a whole, which counts as one row.
    return (
      bands,
      usesWinograd
        ? wholeTiling(rows: largestRows, threads: bandThreads) : tiling(rows: largestRows, threads: bandThreads)
    )
  }

  /// Bytes of the prepared input of a part of the convolution.
  func preparedBytes(_ part: tflk_conv_geometry) -> Int {
    unsafe withUnsafePointer(to: part) {
      let table = unsafe kernels.table.pointee
      return unsafe isWide ? table.int16_prepared_bytes($0) : table.int8_prepared_bytes($0)
    }
  }

  /// Packs column tile `tile`, counted through all groups. `bias` holds `int32`, or `int64` for wide kernels.
  func pack(tile: Int, weights: UnsafeRawPointer, bias: UnsafeRawPointer?, into packed: UnsafeMutableRawPointer) {
    let group = tile / columnTiles
    let own = tile % columnTiles
    let source = unsafe weights + group * columns * depth * weightBytes
    let target = unsafe packed + group * groupBytes
    let first = group * columns
    let (columnStride, depthStride) = isTransposed ? (1, columns) : (depth, 1)
    let values = unsafe multipliers.isEmpty ? nil : factors.baseAddress.assumingMemoryBound(to: Int32.self) + first
    let shifts = unsafe values.map { unsafe $0 + groups * columns }
    let table = unsafe kernels.table.pointee
    unsafe withUnsafePointer(to: geometry) { geometry in
      unsafe withUnsafePointer(to: format) { format in
        if isWide {
          unsafe table.int16_pack(
            geometry, format, source, columnStride, depthStride,
            bias.map { unsafe $0.assumingMemoryBound(to: Int64.self) + first }, values, shifts, sumsIn32Bits, target,
            own, own + 1)
        } else if usesWinograd {
          unsafe table.int8_winograd_pack(
            geometry, format, source.assumingMemoryBound(to: Int8.self),
            bias.map { unsafe $0.assumingMemoryBound(to: Int32.self) + first }, values, shifts, target, own, own + 1)
        } else {
          unsafe table.int8_pack(
            geometry, format, source, columnStride, depthStride,
            bias.map { unsafe $0.assumingMemoryBound(to: Int32.self) + first }, values, shifts, target, own, own + 1)
        }
      }
    }
  }

  /// Leaves out what pays only for weights that are packed once.
  mutating func packsOften() { (format.lowest_result, format.highest_result) = (0, 0) }

  /// The bytes of ``factors``.
  static func factors(_ multipliers: [QuantizedMultiplier], count: Int) throws(OperatorError) -> SharedBytes {
    let bytes = multipliers.isEmpty ? 0 : 8 * count
    return try unsafe SharedBytes.make(count: bytes, failure: { _ in OperatorError.outOfMemory(bytes: bytes) }) {
      buffer throws(OperatorError) in
      guard !multipliers.isEmpty else { return }
      let target = unsafe buffer.bindMemory(to: Int32.self)
      for i in 0..<count {
        let multiplier = multipliers[multipliers.count == 1 ? 0 : i]
        unsafe target[i] = multiplier.multiplier
        unsafe target[count + i] = multiplier.shift
      }
    }
  }

  /// Constant weights and bias, packed once for all interpreters; nil when one of them is computed.
  func packed(_ node: NodeContext, weights: Int, bias: Int?) throws(OperatorError) -> SharedBytes? {
    let type = try node.input(weights)
    let isNarrow = type.element.bitWidth < 8
    guard let constant = isNarrow ? try node.requiredConstant(weights) : node.constant(weights) else { return nil }
    func check(_ bytes: SharedBytes) throws(OperatorError) -> SharedBytes {
      guard bytes.count >= groups * columns * depth * weightBytes else {
        throw .malformed("constant weights have \(bytes.count) bytes, too few for \(type)")
      }
      return bytes
    }
    if !isNarrow { _ = try check(constant.bytes) }
    var offsets = bias.flatMap { node.constant($0)?.bytes }
    guard bias == nil || offsets != nil else { return nil }
    if let bias, let bytes = offsets {
      let biasType = try node.input(bias)
      guard let byteCount = biasType.byteCount, bytes.count >= byteCount else {
        throw .malformed("the bias has \(bytes.count) bytes, too few for \(biasType)")
      }
      if isWide, biasType.element == .int32 { offsets = try Self.widened(bytes, count: groups * columns) }
    }
    let key = """
      integer \(kernels.name) \(type.element) \(groups) \(columns) \(geometry.kernel_height) \(geometry.kernel_width) \
      \(geometry.input_channels) \(geometry.dilation_height) \(geometry.dilation_width) \(format.input_type.rawValue) \
      \(format.input_zero_point) \(format.weight_zero_point) \(format.lowest_result) \(format.highest_result) \(isWide) \(sumsIn32Bits) \(isTransposed) \(usesWinograd) \
      \(contentText(multipliers))
      """
    return try unsafe node.packed(
      key, of: [weights] + (bias.map { [$0] } ?? []), byteCount: totalBytes, parts: groups * columnTiles,
      source: isNarrow ? { () throws(OperatorError) in try check(node.unpacking(weights)) } : nil,
      pack: { tile, source, target in
        unsafe pack(tile: tile, weights: source.baseAddress, bias: offsets?.baseAddress, into: target)
      })
  }

  /// An `int32` bias with 64 bits for each element.
  static func widened(_ bytes: SharedBytes, count: Int) throws(OperatorError) -> SharedBytes {
    try unsafe SharedBytes.make(count: count * 8, failure: { _ in OperatorError.outOfMemory(bytes: count * 8) }) {
      buffer throws(OperatorError) in
      let target = unsafe buffer.bindMemory(to: Int64.self)
      let source = bytes.span
      for i in 0..<count {
        unsafe target[i] = Int64(source.unsafeLoadUnaligned(fromByteOffset: 4 * i, as: Int32.self))
      }
    }
  }
}

extension tflk_quantized_format {
  /// Operands of these types and zero points, and results as `result` says in an output of `element`s.
  init(
    input: tflk_type, weights: tflk_type, inputZeroPoint: Int, weightZeroPoint: Int, result: IntegerResult,
    element: ElementType
  ) {
    self.init(
      input_type: input, weight_type: weights, input_zero_point: Int32(clamping: inputZeroPoint),
      weight_zero_point: Int32(clamping: weightZeroPoint), lowest_result: 0, highest_result: 0)
    if case .fixedPoint(let requantization) = result, element == .int8 || element == .uint8 {
      lowest_result = requantization.minimum &- requantization.zeroPoint
      highest_result = requantization.maximum &- requantization.zeroPoint
    }
  }
}
