internal import CKernels
internal import FlatBuffers
internal import TensorTypes

/// Batches of integer matrix products on the C kernels. Operands: left 0, right 1, output 0.
@safe final class IntegerMatrixProduct: Sendable {
  private let packing: IntegerPacking
  private let geometry: MatrixProductGeometry
  private let output: ElementType
  private let result: IntegerResult
  private let target: IntegerTarget
  /// The functions of the instruction set.
  nonisolated(unsafe) private let table: UnsafePointer<tflk_kernels>
  /// Nil when the right matrices are packed in each invocation.
  private let packed: SharedBytes?
  private let tiling: ProductTiling
  private let threads: Int

  private enum Scratch {
    // The first three are those of `DynamicQuantization`.
    static let quantized = 0
    static let scales = 1
    static let zeroPoints = 2
    static let prepared = 3
    static let packed = 4
    static let transposed = 5
  }

  /// - Parameters:
  ///   - geometry: with a depth of at least one.
  ///   - arithmetic: not `float`.
  ///   - zeroPoints: of the left and the right operand.
  ///   - result: not `real`; floats have a scale per row.
  /// - Returns: nil when there are no C kernels for this.
  init?(
    _ node: NodeContext, geometry: MatrixProductGeometry, arithmetic: ProductArithmetic,
    zeroPoints: (left: Int, right: Int), result: IntegerResult
  ) throws(OperatorError) {
    guard let kernels = Microkernels.current, geometry.depth > 0 else { return nil }
    self.geometry = geometry.merged
    let (rows, columns, depth) = (self.geometry.rows, geometry.columns, geometry.depth)
    let isWide = if case .int16 = arithmetic { true } else { false }
    var multipliers: [QuantizedMultiplier] = []
    if case .fixedPoint(let requantization) = result { multipliers = requantization.multipliers }
    let groups = geometry.batches.rightCount
    output = try node.output(0).element
    let hasWideWeights = try node.input(1).element == .int16
    var packing = IntegerPacking(
      kernels: kernels, geometry: tflk_gemm_geometry(rows, columns, depth, depth, columns), groups: groups,
      format: tflk_quantized_format(
        input: isWide ? TFLK_INT16 : TFLK_INT8, weights: hasWideWeights ? TFLK_INT16 : TFLK_INT8,
        inputZeroPoint: zeroPoints.left, weightZeroPoint: zeroPoints.right, result: result, element: output),
      isWide: isWide, sumsIn32Bits: arithmetic != .int16(wide: true), multipliers: multipliers,
      factors: try IntegerPacking.factors(multipliers, count: groups * columns),
      isTransposed: !geometry.rightIsTransposed)
    guard packing.isSupported else { return nil }
    self.result = result
    threads = node.threads
    target = try IntegerTarget(result, output: output, columns: columns, bias: nil)
    unsafe table = kernels.table
    packed = try packing.packed(node, weights: 1, bias: nil)
    if packed == nil { packing.packsOften() }
    self.packing = packing
    tiling = packing.tiling(
      rows: rows, threads: geometry.batches.count >= 4 * node.threads ? 1 : node.threads)
  }

  func kernel() -> Kernel {
    let batches = geometry.batches
    let (rows, columns, depth) = (geometry.rows, geometry.columns, geometry.depth)
    let isTransposed = geometry.leftIsTransposed
    var isAsymmetric = false
    var isHybrid = false
    if case .float(_, let asymmetric, _, _) = result { (isHybrid, isAsymmetric) = (true, asymmetric) }
    let (isQuantized, usesZeroPoints) = (isHybrid, isAsymmetric)
    let width = isHybrid ? 4 : packing.isWide ? 2 : 1
    let preparedWidth = packing.isWide ? 2 : 1
    let leftRows = batches.leftCount * rows
    let outputBytes = output.bitWidth / 8
    let preparedBytes = packing.preparedBytes
    let groupBytes = packing.groupBytes
    let preparedTile = tileSize(of: rows, operations: depth, picoseconds: 100)
    let preparedTiles = (rows - 1) / preparedTile + 1
    let packingTile = tileSize(
      of: packing.groups * packing.columnTiles, operations: packing.tileColumns * depth,
      picoseconds: packing.format.weight_type == TFLK_INT16 ? 2000 : 500)
    let scratch = [
      isQuantized ? leftRows * depth : 0, isQuantized ? leftRows * 4 : 0, isQuantized ? leftRows * 4 : 0,
      batches.leftCount * preparedBytes, packed == nil ? packing.totalBytes : 0,
      isTransposed ? leftRows * depth * width : 0,
    ]
    return Kernel(scratch: scratch) { [self] io throws(OperatorError) in
      if packed == nil {
        try io.forEachTile(of: packingTile, in: packing.groups * packing.columnTiles) { tiles in
          guard let source = unsafe io.inputBytes(1).baseAddress,
            let target = unsafe io.scratchBytes(Scratch.packed).baseAddress
          else { return }
          for tile in tiles { unsafe packing.pack(tile: tile, weights: source, bias: nil, into: target) }
        }
      }
      if isTransposed {
        try io.transposeMatrices(
          count: batches.leftCount, rows: depth, columns: rows, width: width, from: 0, toScratch: Scratch.transposed)
      }
      if isQuantized {
        try DynamicQuantization.quantizeRows(
          io, input: isTransposed ? nil : 0, scratch: Scratch.transposed, rows: leftRows, columns: depth,
          asymmetric: usesZeroPoints)
      }
      try io.forEachTile(batches.leftCount * preparedTiles, workers: threads) { index, _ in
        let left = index / preparedTiles
        let first = index % preparedTiles * preparedTile
        let source =
          unsafe isQuantized
          ? UnsafeRawPointer(io.scratchBytes(Scratch.quantized).baseAddress)
          : isTransposed
            ? UnsafeRawPointer(io.scratchBytes(Scratch.transposed).baseAddress) : io.inputBytes(0).baseAddress
        guard let source = unsafe source, let prepared = unsafe io.scratchBytes(Scratch.prepared).baseAddress else {
          return
        }
        let x = unsafe source + left * rows * depth * preparedWidth
        let target = unsafe prepared + left * preparedBytes
        let end = min(first + preparedTile, rows)
        let table = unsafe table.pointee
        // Safety: sizes were checked against the operands' shapes in `infer`, and operands have the bytes of their shapes.
        unsafe withUnsafePointer(to: packing.geometry) { geometry in
          unsafe withUnsafePointer(to: packing.format) { format in
            if packing.isWide {
              unsafe table.int16_prepare(geometry, format, x.assumingMemoryBound(to: Int16.self), target, first, end)
            } else {
              unsafe table.int8_prepare(geometry, format, x, nil, target, first, end)
            }
          }
        }
      }
      try io.forEachTile(batches.count * tiling.count, workers: threads) { index, _ in
        let batch = index / tiling.count
        let (left, right) = batches.sources(batch)
        let (rowRange, tiles) = tiling.item(index % tiling.count)
        guard let prepared = unsafe io.scratchBytes(Scratch.prepared).baseAddress,
          let weights = unsafe packed?.baseAddress ?? UnsafeRawPointer(io.scratchBytes(Scratch.packed).baseAddress),
          let y = unsafe io.outputBytes(0).baseAddress
        else { return }
        var target = unsafe target(io, firstColumn: 0, rowsPerScale: 1)
        unsafe target.data = y + batch * rows * columns * outputBytes
        unsafe target.row_scale = target.row_scale.map { unsafe $0 + left * rows }
        unsafe target.row_zero_point = target.row_zero_point.map { unsafe $0 + left * rows }
        let table = unsafe table.pointee
        unsafe withUnsafePointer(to: packing.geometry) { geometry in
          unsafe withUnsafePointer(to: packing.format) { format in
            let multiply = unsafe packing.isWide ? table.int16_conv : table.int8_conv
            unsafe multiply?(
              geometry, format, prepared + left * preparedBytes, weights + right * groupBytes, &target,
              rowRange.lowerBound, rowRange.upperBound, tiles.lowerBound, tiles.upperBound)
          }
        }
      }
    }
  }
}

extension Operands {
  /// Transposes `count` matrices of an input, with elements of `width` bytes (1, 2, 4 or 8), into a scratch buffer.
  func transposeMatrices(count: Int, rows: Int, columns: Int, width: Int, from input: Int, toScratch scratch: Int)
    throws(OperatorError)
  {
    let matrixBytes = rows * columns * width
    // Strips of columns, which become rows.
    let strip = max(16, tileSize(of: columns, operations: rows, picoseconds: 300))
    let strips = (columns - 1) / strip + 1
    try forEachTile(count * strips, workers: Int.max) { index, _ in
      let matrix = index / strips
      let first = index % strips * strip
      guard let source = unsafe inputBytes(input).baseAddress, let target = unsafe scratchBytes(scratch).baseAddress,
        unsafe inputBytes(input).count >= count * matrixBytes, unsafe scratchBytes(scratch).count >= count * matrixBytes
      else { return }
      // Safety: both have the bytes of all matrices.
      unsafe tflk_transpose(
        source + matrix * matrixBytes + first * width, columns * width,
        target + matrix * matrixBytes + first * rows * width, rows * width, min(strip, columns - first), rows, width)
    }
  }
}
