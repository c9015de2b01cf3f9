internal import CKernels
internal import FlatBuffers
internal import TensorTypes

/// Batches of float matrix products on the C kernels. Operands: left 0, right 1, output 0.
@safe struct FloatMatrixProduct: Sendable {
  private let packing: FloatPacking
  private let geometry: MatrixProductGeometry
  private let matrix: tflk_conv_geometry
  /// Nil when the right matrices are packed in each invocation.
  private let packed: SharedBytes?
  private let tiling: ProductTiling
  private let threads: Int
  private let epilogue: Epilogue?

  /// - Returns: nil when there are no C kernels.
  init?(_ node: NodeContext, geometry: MatrixProductGeometry) throws(OperatorError) {
    guard let kernels = Microkernels.current else { return nil }
    // One right matrix for all left ones: a single product with more rows.
    self.geometry = geometry.merged
    let (rows, columns, depth) = (self.geometry.rows, geometry.columns, geometry.depth)
    packing = FloatPacking(
      kernels: kernels, groups: geometry.batches.rightCount, columns: columns, depth: depth,
      isTransposed: !geometry.rightIsTransposed)
    packed = try packing.packed(node, weights: 1, bias: nil)
    matrix = tflk_gemm_geometry(rows, columns, depth, depth, columns)
    threads = node.threads
    epilogue = node.epilogue
    tiling = packing.tiling(rows: rows, threads: geometry.batches.count >= 4 * node.threads ? 1 : node.threads)
  }

  func kernel() -> Kernel {
    let workspace = unsafe withUnsafePointer(to: matrix) {
      unsafe aligned(packing.kernels.table.pointee.f32_scratch_bytes($0))
    }
    let (rows, columns, depth) = (geometry.rows, geometry.columns, geometry.depth)
    let isTransposed = geometry.leftIsTransposed
    let leftBytes = isTransposed ? geometry.batches.leftCount * rows * depth * 4 : 0
    // Small tiles are packed several at a time.
    let packingTile = tileSize(
      of: packing.groups * packing.columnTiles, operations: packing.tileColumns * depth, picoseconds: 100)
    var kernel = Kernel(scratch: [threads * workspace, packed == nil ? packing.totalBytes : 0, leftBytes]) {
      io throws(OperatorError) in
      if packed == nil {
        try io.forEachTile(of: packingTile, in: packing.groups * packing.columnTiles) { tiles in
          guard let source = unsafe io.inputBytes(1).bindMemory(to: Float.self).baseAddress,
            let target = unsafe io.scratchBytes(1).baseAddress
          else { return }
          for tile in tiles { unsafe packing.pack(tile: tile, weights: source, bias: nil, into: target) }
        }
      }
      if isTransposed {
        try io.transposeMatrices(
          count: geometry.batches.leftCount, rows: depth, columns: rows, width: 4, from: 0, toScratch: 2)
      }
      try io.forEachTile(geometry.batches.count * tiling.count, workers: threads) { index, worker in
        let batch = index / tiling.count
        let (left, right) = geometry.batches.sources(batch)
        let (rowRange, tiles) = tiling.item(index % tiling.count)
        let x = unsafe (isTransposed ? UnsafeRawBufferPointer(io.scratchBytes(2)) : io.inputBytes(0))
          .bindMemory(to: Float.self).baseAddress
        guard let x = unsafe x, let y = unsafe io.outputBytes(0).bindMemory(to: Float.self).baseAddress,
          let scratch = unsafe io.scratchBytes(0).baseAddress
        else { return }
        let w = unsafe packed?.baseAddress ?? UnsafeRawPointer(io.scratchBytes(1).baseAddress)
        // Safety: sizes were checked against the operands' shapes in `infer`, and operands have the bytes of their shapes.
        unsafe withUnsafePointer(to: matrix) {
          unsafe packing.kernels.table.pointee.f32_conv(
            $0, x + left * rows * depth, nil, w.map { unsafe $0 + right * packing.groupBytes },
            y + batch * rows * columns, rowRange.lowerBound, rowRange.upperBound, tiles.lowerBound, tiles.upperBound,
            -Float.infinity, Float.infinity, scratch + worker * workspace)
        }
        if let epilogue {
          // Safety: these are the elements that were just written.
          unsafe epilogue.apply(
            io, rows: batch * rows + rowRange.lowerBound..<batch * rows + rowRange.upperBound, pitch: columns,
            columns: tiles.lowerBound * packing.tileColumns..<min(tiles.upperBound * packing.tileColumns, columns))
        }
      }
    }
    kernel.appliesEpilogue = epilogue != nil
    return kernel
  }
}

extension MatrixProductGeometry {
  /// The same product with all left matrices as one, when they share a right matrix.
  var merged: MatrixProductGeometry {
    guard batches.rightCount == 1, !leftIsTransposed, batches.count > 1 else { return self }
    return MatrixProductGeometry(
      rows: batches.leftCount * rows, columns: columns, depth: depth, leftIsTransposed: false,
      rightIsTransposed: rightIsTransposed)
  }
}
