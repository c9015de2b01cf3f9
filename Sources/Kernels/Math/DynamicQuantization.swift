internal import CKernels
internal import Glibc
internal import TensorTypes

/// Quantises float activations while the model runs, for products with integer weights ("dynamic range" or "hybrid" kernels).
enum DynamicQuantization {
  /// Quantises to -127...127 around zero.
  ///
  /// - Returns: the scale; 1 when all values are zero.
  static func symmetric(_ values: Span<Float>, _ result: inout MutableSpan<Int8>) -> Float {
    precondition(values.count == result.count)
    let (low, high) = extremes(values)
    let range = max(abs(low), abs(high))
    if range == 0 {
      for i in values.indices { result[i] = 0 }
      return 1
    }
    let inverse = 127 / range
    quantize(values, scale: inverse, offset: 0, lowest: -127, &result)
    return range / 127
  }

  /// Quantises to -128...127 with a zero point, so that zero is represented exactly.
  ///
  /// - Returns: scale and zero point; 1 and 0 when all values are zero.
  static func asymmetric(_ values: Span<Float>, _ result: inout MutableSpan<Int8>) -> (scale: Float, zeroPoint: Int32) {
    precondition(values.count == result.count)
    var (low, high) = extremes(values)
    low = min(low, 0)
    high = max(high, 0)
    if low == high {
      for i in values.indices { result[i] = 0 }
      return (1, 0)
    }
    let minimum = Double(low)
    let maximum = Double(high)
    let scale = (maximum - minimum) / 255
    // Both ends suggest a zero point; take the one with the smaller error.
    let fromMinimum = -128 - minimum / scale
    let fromMaximum = 127 - maximum / scale
    let errorOfMinimum = 128 + abs(minimum / scale)
    let errorOfMaximum = 127 + abs(maximum / scale)
    let exact = errorOfMinimum < errorOfMaximum ? fromMinimum : fromMaximum
    let zeroPoint: Int32
    if exact <= -128 {
      zeroPoint = -128
    } else if exact >= 127 {
      zeroPoint = 127
    } else {
      zeroPoint = exact.isNaN ? 0 : Int32(exact.rounded(.toNearestOrAwayFromZero))
    }
    let inverse = 1 / Float(scale)
    let offset = Float(zeroPoint)
    quantize(values, scale: inverse, offset: offset, lowest: -128, &result)
    return (Float(scale), zeroPoint)
  }

  /// Quantises each row of a float input (or of a scratch buffer, when `input` is nil) into scratch 0, its scale into scratch 1 and its zero
  /// point into scratch 2.
  static func quantizeRows(_ io: Operands, input: Int?, scratch: Int = 0, rows: Int, columns: Int, asymmetric: Bool)
    throws(OperatorError)
  {
    let tile = tileSize(of: rows, operations: columns, picoseconds: 1500)
    try io.forEachTile(of: tile, in: rows) { range in
      for row in range {
        let all = input == nil ? io.writtenScratch(scratch, as: Float.self) : io.input(input ?? 0, as: Float.self)
        let x = all.extracting(row * columns..<(row + 1) * columns)
        var quantized = io.scratch(0, as: Int8.self, in: row * columns..<(row + 1) * columns)
        var scale = io.scratch(1, as: Float.self, in: row..<row + 1)
        var zeroPoint = io.scratch(2, as: Int32.self, in: row..<row + 1)
        if asymmetric {
          let result = Self.asymmetric(x, &quantized)
          scale[0] = result.scale
          zeroPoint[0] = result.zeroPoint
        } else {
          scale[0] = symmetric(x, &quantized)
          zeroPoint[0] = 0
        }
      }
    }
  }

  private static func extremes(_ values: Span<Float>) -> (low: Float, high: Float) {
    guard values.count > 0 else { return (0, 0) }
    if let table = unsafe Microkernels.current?.table {
      var extremes: (low: Float, high: Float) = (0, 0)
      // Safety: the kernel reads the span's elements.
      unsafe values.withUnsafeBufferPointer {
        unsafe table.pointee.f32_extremes($0.baseAddress, $0.count, &extremes.low, &extremes.high)
      }
      return extremes
    }
    var low = values[0]
    var high = values[0]
    let bytes = unsafe values.bytes
    let stride = MemoryLayout<SIMD16<Float>>.stride
    let vectors = bytes.byteCount / stride
    if vectors > 0 {
      var lows = SIMD16(repeating: low)
      var highs = lows
      for i in 0..<vectors {
        // Safety: the vector lies inside of the span, and any bytes are floats.
        let next = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: i &* stride, as: SIMD16<Float>.self)
        lows.replace(with: next, where: next .< lows)
        highs.replace(with: next, where: next .> highs)
      }
      for i in 0..<16 {
        low = lows[i] < low ? lows[i] : low
        high = highs[i] > high ? highs[i] : high
      }
    }
    for i in vectors * 16..<values.count {
      low = values[i] < low ? values[i] : low
      high = values[i] > high ? values[i] : high
    }
    return (low, high)
  }

  /// `offset + value * scale` to the nearest integers.
  private static func quantize(
    _ values: Span<Float>, scale: Float, offset: Float, lowest: Float, _ result: inout MutableSpan<Int8>
  ) {
    precondition(values.count == result.count)
    if let table = unsafe Microkernels.current?.table {
      // Safety: both spans have the elements that the kernel reads and writes.
      unsafe values.withUnsafeBufferPointer { values in
        unsafe result.withUnsafeMutableBufferPointer { result in
          unsafe table.pointee.f32_quantize(
            values.baseAddress, values.count, scale, offset, lowest, result.baseAddress)
        }
      }
      return
    }
    for i in values.indices { result[i] = nearest(offset + values[i] * scale, lowest) }
  }

  /// The nearest integer in `lowest`...127, ties away from zero; `lowest` for NaN. Written without branches and library calls.
  @inline(__always)
  private static func nearest(_ value: Float, _ lowest: Float) -> Int8 {
    let low = value > lowest ? value : lowest
    let x = low < 127 ? low : 127
    // Adding this constant rounds to an integer, ties to even, which the low bits then hold.
    let magic: Float = 12_582_912
    let even = (x + magic) - magic
    let rest = x - even
    let up: Float = rest == 0.5 ? 1 : 0
    let down: Float = rest == -0.5 ? 1 : 0
    let rounded = even + (x > 0 ? up : -down)
    return Int8(truncatingIfNeeded: Int32(truncatingIfNeeded: (rounded + magic).bitPattern &- 0x4B40_0000))
  }
}
