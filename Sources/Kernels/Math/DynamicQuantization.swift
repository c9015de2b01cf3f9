internal import CKernels
internal import TensorTypes

/// Quantises float activations while the model runs, for products with integer weights ("dynamic range" or "hybrid" kernels).
enum DynamicQuantization {
  /// Quantises each row with a scale of its own: to -127...127 around zero, or asymmetrically to -128...127 with a zero point, so that zero is
  /// represented exactly. The scale of a row of zeros is 1.
  ///
  /// - Parameters:
  ///   - values: the rows, as many as there are scales.
  ///   - result: as many as values.
  ///   - zeroPoints: as many as scales.
  static func quantize(
    _ values: Span<Float>, asymmetric: Bool, _ result: inout MutableSpan<Int8>, scales: inout MutableSpan<Float>,
    zeroPoints: inout MutableSpan<Int32>
  ) {
    let rows = scales.count
    precondition(values.count == result.count && rows == zeroPoints.count && rows > 0 && values.count % rows == 0)
    let columns = values.count / rows
    guard columns > 0 else {
      for row in 0..<rows { (scales[row], zeroPoints[row]) = (1, 0) }
      return
    }
    let table = unsafe Microkernels.best.table
    // Safety: the spans have the elements that the kernel reads and writes.
    unsafe values.withUnsafeBufferPointer { values in
      unsafe result.withUnsafeMutableBufferPointer { result in
        unsafe scales.withUnsafeMutableBufferPointer { scales in
          unsafe zeroPoints.withUnsafeMutableBufferPointer { zeroPoints in
            unsafe table.pointee.f32_quantize_rows(
              values.baseAddress, rows, columns, asymmetric, result.baseAddress, scales.baseAddress,
              zeroPoints.baseAddress)
          }
        }
      }
    }
  }

  /// Quantises each row of a float input (or of a scratch buffer, when `input` is nil) into scratch 0, its scale into scratch 1 and its zero
  /// point into scratch 2.
  static func quantizeRows(_ io: Operands, input: Int?, scratch: Int = 0, rows: Int, columns: Int, asymmetric: Bool)
    throws(OperatorError)
  {
    let tile = tileSize(of: rows, operations: columns, picoseconds: 300)
    try io.forEachTile(of: tile, in: rows) { range in
      let all = input == nil ? io.writtenScratch(scratch, as: Float.self) : io.input(input ?? 0, as: Float.self)
      let elements = range.lowerBound * columns..<range.upperBound * columns
      var quantized = io.scratch(0, as: Int8.self, in: elements)
      var scales = io.scratch(1, as: Float.self, in: range)
      var zeroPoints = io.scratch(2, as: Int32.self, in: range)
      quantize(
        all.extracting(elements), asymmetric: asymmetric, &quantized, scales: &scales, zeroPoints: &zeroPoints)
    }
  }
}
