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
    if rows < io.context.threads, columns >= max(dividedColumns, 64 * (io.context.threads + 1)) {
      for row in 0..<rows {
        try quantizeDivided(
          io, input: input, scratch: scratch, row: row, columns: columns, asymmetric: asymmetric)
      }
      return
    }
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

  /// Rows of this many values are divided over the threads where there are fewer rows than threads.
  private static let dividedColumns = 1 << 14

  /// Quantises a row as ``quantizeRows(_:input:scratch:rows:columns:asymmetric:)`` does, each thread its part of it.
  private static func quantizeDivided(
    _ io: Operands, input: Int?, scratch: Int, row: Int, columns: Int, asymmetric: Bool
  ) throws(OperatorError) {
    let kernels = Microkernels.best
    let threads = io.context.threads
    let part = aligned((columns - 1) / threads + 1)
    let parts = (columns - 1) / part + 1
    let start = row * columns
    // Until the parts are quantised, the row's memory has the extremes of each in a cache line.
    @Sendable func place(_ index: Int) -> Int { (aligned(start) + index * 64) / MemoryLayout<Float>.stride }
    @Sendable func range(_ index: Int) -> Range<Int> { start + index * part..<start + min((index + 1) * part, columns) }
    @Sendable func values(_ range: Range<Int>) -> UnsafePointer<Float>? {
      let bytes = unsafe input.map { unsafe io.inputBytes($0) } ?? UnsafeRawBufferPointer(io.scratchBytes(scratch))
      precondition(range.upperBound * MemoryLayout<Float>.stride <= bytes.count)
      return unsafe bytes.baseAddress.map { unsafe $0.assumingMemoryBound(to: Float.self) + range.lowerBound }
    }
    // Safety: `values` checks that there are as many, and the spans are as long as what is written.
    try io.forEachTile(parts, workers: threads) { index, _ in
      var extremes = io.scratch(0, as: Float.self, in: place(index)..<place(index) + 2)
      var (low, high): (Float, Float) = (0, 0)
      guard let first = unsafe values(range(0)), let source = unsafe values(range(index)) else { return }
      unsafe kernels.table.pointee.f32_extremes(source, range(index).count, first[0], &low, &high)
      (extremes[0], extremes[1]) = (low, high)
    }
    let all = io.writtenScratch(0, as: Float.self)
    var (lowest, highest) = (all[place(0)], all[place(0) + 1])
    for index in 1..<parts {
      let (low, high) = (all[place(index)], all[place(index) + 1])
      if low < lowest { lowest = low }
      if high > highest { highest = high }
    }
    let (low, high) = (lowest, highest)
    try io.forEachTile(parts, workers: threads) { index, _ in
      var quantized = io.scratch(0, as: Int8.self, in: range(index))
      var (scale, zeroPoint): (Float, Int32) = (0, 0)
      guard let source = unsafe values(range(index)) else { return }
      unsafe quantized.withUnsafeMutableBufferPointer { target in
        unsafe kernels.table.pointee.f32_quantize(
          source, target.count, low, high, asymmetric, target.baseAddress, &scale, &zeroPoint)
      }
      guard index == 0 else { return }
      var scales = io.scratch(1, as: Float.self, in: row..<row + 1)
      var zeroPoints = io.scratch(2, as: Int32.self, in: row..<row + 1)
      (scales[0], zeroPoints[0]) = (scale, zeroPoint)
    }
  }
}
