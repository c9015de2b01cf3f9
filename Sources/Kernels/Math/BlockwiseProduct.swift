internal import CKernels
internal import FlatBuffers
internal import TensorTypes

/// Weights `[units, depth]` of 4 or 2 bits with a scale for each block of elements along the depth, as LiteRT's blockwise formats have them.
struct BlockwiseWeights: Sendable {
  let units: Int
  let depth: Int
  let blockSize: Int
  let element: ElementType
  /// One `Float` for each block, in row-major order.
  private let scales: SharedBytes

  var blocksPerRow: Int { depth / blockSize }

  /// - Throws: `malformed` when scales do not fit the weights, `unsupported` for other types.
  init(_ node: NodeContext, input: Int) throws(OperatorError) {
    let type = try node.input(input)
    guard case .blockwise(let tensor, let zeroPoints, let size) = type.quantization else {
      throw .malformed("input \(input) is not quantised in blocks")
    }
    guard type.element == .int4 || type.element == .int2, type.shape.rank == 2 else {
      throw .unsupported("blockwise quantised \(type); int4 and int2 of rank 2 are supported")
    }
    guard size > 0, type.shape[1] % size == 0 else {
      throw .malformed("a row of \(type.shape[1]) elements does not divide into blocks of \(size)")
    }
    guard let (scaleType, constant) = node.companion?(tensor) else {
      throw .malformed("the scales of input \(input) are not constant")
    }
    units = type.shape[0]
    depth = type.shape[1]
    blockSize = size
    element = type.element
    let count = units * (depth / size)
    guard scaleType.shape.elementCount == count else {
      throw .malformed("\(scaleType) scales for \(count) blocks")
    }
    if let zeroPoints, let (zeroType, zeros) = node.companion?(zeroPoints) {
      guard let bytes = zeroType.byteCount, zeros.bytes.count >= bytes else {
        throw .malformed("the zero points of input \(input) are cut off")
      }
      let zeroBytes = zeros.bytes
      let span = zeroBytes.span
      for index in 0..<bytes where unsafe span.unsafeLoadUnaligned(fromByteOffset: index, as: UInt8.self) != 0 {
        throw .unsupported("blockwise quantised weights with zero points other than 0")
      }
    }
    let source = constant.bytes
    let width = scaleType.element == .float16 ? 2 : 4
    guard scaleType.element == .float16 || scaleType.element == .float32, source.count >= count * width else {
      throw .malformed("the scales must be float16 or float32, not \(scaleType)")
    }
    scales = try constant.packed("scales") { () throws(OperatorError) -> SharedBytes in
      try unsafe SharedBytes.make(count: count * 4, failure: { _ in OperatorError.outOfMemory(bytes: count * 4) }) {
        buffer throws(OperatorError) in
        let target = unsafe buffer.bindMemory(to: Float.self)
        let span = source.span
        for index in 0..<count {
          unsafe target[index] =
            width == 2
            ? Float(halfBits: span.unsafeLoadUnaligned(fromByteOffset: 2 * index, as: UInt16.self))
            : span.unsafeLoadUnaligned(fromByteOffset: 4 * index, as: Float.self)
        }
      }
    }
  }

  /// The scale of a block of a row of weights.
  @inline(__always)
  func scale(_ row: Int, _ block: Int) -> Float {
    let index = row &* blocksPerRow &+ block
    precondition(index >= 0 && index < scales.count / 4)
    return unsafe scales.baseAddress.load(fromByteOffset: index * 4, as: Float.self)
  }

  /// The weights and their scales packed for the kernels.
  private func packed(
    _ node: NodeContext, _ geometry: tflk_block_geometry, _ kernels: Microkernels
  ) throws(OperatorError) -> SharedBytes {
    let table = unsafe kernels.table.pointee
    let tileColumns = table.int8_tile_columns
    let byteCount = unsafe withUnsafePointer(to: geometry) { unsafe table.int4_packed_bytes($0) }
    // The same weights may have other scales elsewhere.
    let key = "blocks \(kernels.name) \(element) \(units) \(depth) \(blockSize) \(contentText(scales.span))"
    return try unsafe node.packed(
      key, of: [1], byteCount: byteCount, parts: (units + tileColumns - 1) / tileColumns,
      source: { () throws(OperatorError) in
        let weights = try node.unpacking(1)
        guard weights.count >= units * depth else {
          throw .malformed("constant weights have \(weights.count) elements, too few for \(units) rows of \(depth)")
        }
        return weights
      },
      pack: { tile, source, target in
        unsafe withUnsafePointer(to: geometry) { geometry in
          unsafe table.int4_pack(
            geometry, source.baseAddress.assumingMemoryBound(to: Int8.self),
            scales.baseAddress.assumingMemoryBound(to: Float.self), target, tile, tile + 1)
        }
      })
  }

  private enum Scratch {
    // The first three are those of `DynamicQuantization`.
    static let quantized = 0
    static let zeroPoints = 2
    static let sums = 3
  }

  /// The product of float rows, each quantised with a zero point while the model runs, with these weights, plus a bias.
  func product(
    _ node: NodeContext, rows: Int, hasBias: Bool, range: ClosedRange<Float>
  ) throws(OperatorError) -> Kernel {
    let kernels = Microkernels.best
    let geometry = tflk_block_geometry(rows: rows, columns: units, depth: depth, block: blockSize)
    let packed = try packed(node, geometry, kernels)
    let tileColumns = unsafe kernels.table.pointee.int8_tile_columns
    let columnTiles = (units + tileColumns - 1) / tileColumns
    let tiling = ProductTiling(
      rows: rows, columnTiles: columnTiles, panelBytes: packed.count / max(columnTiles, 1),
      operations: depth * tileColumns, rowMultiple: unsafe kernels.table.pointee.int8_tile_rows,
      rate: kernels.integerRate / 2, threads: node.threads)
    let (depth, blocks, threads) = (depth, blocksPerRow, node.threads)
    let target = try IntegerTarget(
      .float(scales: [], asymmetric: true, perRow: true, range: range), output: .float32, columns: 0,
      bias: hasBias ? 2 : nil)
    let sumsTile = tileSize(of: rows, operations: depth, picoseconds: 100)
    let scratch = [rows * depth + Int(TFLK_BLOCK_SLACK), rows * 4, rows * 4, rows * blocks * 4]
    return Kernel(scratch: scratch) { io throws(OperatorError) in
      try DynamicQuantization.quantizeRows(io, input: 0, rows: rows, columns: depth, asymmetric: true)
      try io.forEachTile(of: sumsTile, in: rows) { range in
        let input = unsafe io.scratchBytes(Scratch.quantized).bindMemory(to: Int8.self).baseAddress
        let sums = unsafe io.scratchBytes(Scratch.sums).bindMemory(to: Int32.self).baseAddress
        // Safety: the buffers have the bytes of these rows.
        unsafe withUnsafePointer(to: geometry) { geometry in
          unsafe kernels.table.pointee.int4_block_sums(geometry, input, sums, range.lowerBound, range.upperBound)
        }
      }
      try io.forEachTile(tiling.count, workers: threads) { index, _ in
        let (rows, tiles) = tiling.item(index)
        let input = unsafe io.scratchBytes(Scratch.quantized).bindMemory(to: Int8.self).baseAddress
        let sums = unsafe io.scratchBytes(Scratch.sums).bindMemory(to: Int32.self).baseAddress
        var target = unsafe target(io, firstColumn: 0, rowsPerScale: 1)
        unsafe target.data = io.outputBytes(0).baseAddress
        // Safety: sizes were checked against the operands' shapes in `infer`, and operands have the bytes of their shapes.
        unsafe withUnsafePointer(to: geometry) { geometry in
          unsafe kernels.table.pointee.int4_product(
            geometry, input, sums, packed.baseAddress, &target, rows.lowerBound, rows.upperBound, tiles.lowerBound,
            tiles.upperBound)
        }
      }
    }
  }
}
