internal import CKernels
internal import TensorTypes

/// Batches of float matrix products whose right matrices, `[depth][columns]`, are computed by the model and so small, or used by so few rows, that
/// packing them would not pay. Operands: left 0, right 1, output 0. The same bits as those of ``FloatMatrixProduct``.
@safe struct InPlaceMatrixProduct: Sendable {
  private let geometry: MatrixProductGeometry
  private let product: tflk_product
  private let kernels: Microkernels
  /// Rows of all batches that a thread takes at a time.
  private let rowsPerItem: Int
  private let epilogue: Epilogue?

  /// - Returns: nil where packing pays.
  init?(_ node: NodeContext, geometry: MatrixProductGeometry) {
    let geometry = geometry.merged
    let kernels = Microkernels.best
    let (elements, overflow) = geometry.columns.multipliedReportingOverflow(by: geometry.depth)
    guard node.constant(1) == nil, !geometry.rightIsTransposed, !overflow, elements > 0 else { return nil }
    let isShort = unsafe geometry.rows <= kernels.table.pointee.f32_tile_rows
    guard elements <= (isShort ? 1 << 16 : 1 << 12) else { return nil }
    self.geometry = geometry
    self.kernels = kernels
    product = tflk_product(
      columns: geometry.columns, depth: geometry.depth, left_row_stride: geometry.leftRowStride,
      left_depth_stride: geometry.leftDepthStride)
    epilogue = node.epilogue
    let rate = Double(kernels.floatRate) / 4
    let rows = Double(geometry.batches.count * geometry.rows)
    let budget = itemMicroseconds(total: rows * Double(elements) / rate, threads: node.threads) * rate
    rowsPerItem = max(1, Int(min(budget / Double(elements), rows)))
  }

  func kernel() -> Kernel {
    let (rows, columns, depth) = (geometry.rows, geometry.columns, geometry.depth)
    var kernel = Kernel { io throws(OperatorError) in
      try io.forEachTile(of: rowsPerItem, in: geometry.batches.count * rows) { range in
        guard let x = unsafe io.inputBytes(0).bindMemory(to: Float.self).baseAddress,
          let w = unsafe io.inputBytes(1).bindMemory(to: Float.self).baseAddress,
          let y = unsafe io.outputBytes(0).bindMemory(to: Float.self).baseAddress
        else { return }
        var next = range.lowerBound
        while next < range.upperBound {
          let (batch, row) = next.quotientAndRemainder(dividingBy: rows)
          let end = min(rows, row + range.upperBound - next)
          let (left, right) = geometry.batches.sources(batch)
          // Safety: sizes were checked against the operands' shapes in `infer`, and operands have the bytes of their shapes.
          unsafe withUnsafePointer(to: product) {
            unsafe kernels.table.pointee.f32_product_in_place(
              $0, x + left * rows * depth, w + right * depth * columns, y + batch * rows * columns, row, end)
          }
          next += end - row
        }
        if let epilogue {
          // Safety: these are the elements that were just written.
          unsafe epilogue.apply(io, rows: range, pitch: columns, columns: 0..<columns)
        }
      }
    }
    kernel.appliesEpilogue = epilogue != nil
    return kernel
  }
}
