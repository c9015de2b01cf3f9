internal import CKernels
internal import TensorTypes

/// A softmax over one row of quantised integers.
protocol SoftmaxRow: Sendable {
  associatedtype Input: BitwiseCopyable
  associatedtype Output: BitwiseCopyable
  /// `x` and `y` are of equal length, at least 1, and may be the same memory.
  func apply(_ x: Span<Input>, _ y: inout MutableSpan<Output>)
}

/// The rows along the last axis of a tensor, and softmax kernels over them.
struct SoftmaxRows {
  let width: Int
  let count: Int

  init(_ shape: Shape) {
    width = max(shape.last ?? 1, 1)
    count = shape.elementCount / width
  }

  private var grain: Int { max(1, 4096 / width) }

  func kernel<Row: SoftmaxRow>(_ row: Row) -> Kernel {
    Kernel { [width, count, grain] io throws(OperatorError) in
      try io.parallel(count, grain: grain) { range in
        for index in range {
          let elements = index * width..<(index + 1) * width
          var y = io.output(0, as: Row.Output.self, in: elements)
          row.apply(io.input(0, as: Row.Input.self, in: elements), &y)
        }
      }
    }
  }

  func floatKernel(beta: Float) -> Kernel {
    let softmax = unsafe Microkernels.best.table.pointee.f32_softmax
    return Kernel { [width, count, grain] io throws(OperatorError) in
      try io.parallel(count, grain: grain) { range in
        let elements = range.lowerBound * width..<range.upperBound * width
        let x = io.input(0, as: Float.self, in: elements)
        var y = io.output(0, as: Float.self, in: elements)
        // Safety: both spans have the rows that the kernel reads and writes; it may write where it reads.
        unsafe x.withUnsafeBufferPointer { x in
          unsafe y.withUnsafeMutableBufferPointer { y in
            unsafe softmax?(x.baseAddress, y.baseAddress, range.count, width, beta)
          }
        }
      }
    }
  }

  func halfKernel(beta: Float) -> Kernel { kernel(HalfRow(beta: beta)) }

  /// The largest element, at least the lowest finite number.
  @inline(__always)
  static func maximum(_ x: Span<Float>) -> Float {
    var lanes = SIMD16<Float>(repeating: -Float.greatestFiniteMagnitude)
    var peak = -Float.greatestFiniteMagnitude
    let bytes = unsafe x.bytes
    let vectors = x.count / 16
    for i in 0..<vectors {
      let next = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: i &* 64, as: SIMD16<Float>.self)
      lanes.replace(with: next, where: next .> lanes)
    }
    for lane in 0..<16 { peak = lanes[lane] > peak ? lanes[lane] : peak }
    for i in vectors * 16..<x.count { peak = x[i] > peak ? x[i] : peak }
    return peak
  }

  private struct HalfRow: SoftmaxRow {
    let beta: Float

    func apply(_ x: Span<Float16>, _ y: inout MutableSpan<Float16>) {
      precondition(x.count == y.count)
      var peak = -Float16.greatestFiniteMagnitude
      for i in x.indices { peak = x[i] > peak ? x[i] : peak }
      let limit = Float(peak)
      var total: Float = 0
      var wide = InlineArray<256, Float>(repeating: 0)
      for start in stride(from: 0, to: x.count, by: 256) {
        let length = min(256, x.count - start)
        for i in 0..<length { wide[i] = (Float(x[start + i]) - limit) * beta }
        var span = wide.mutableSpan
        FloatFunction.exponential.apply(&span)
        for i in 0..<length {
          y[start + i] = Float16(wide[i])
          total += wide[i]
        }
      }
      for i in y.indices { y[i] = Float16(Float(y[i]) / total) }
    }
  }
}

/// The exponentials of ``ByteSoftmax``, whatever its types.
private final class ByteSoftmaxTable: Sendable {
  /// For each distance from the largest element its exponential in Q0; 0 beyond the distance that counts.
  let exponentials: InlineArray<256, Int32>
  /// The same in Q12.
  let terms: InlineArray<256, Int32>

  init(_ exponentials: InlineArray<256, Int32>) {
    self.exponentials = exponentials
    terms = InlineArray { FixedPoint.divide(exponentials[$0], byPowerOfTwo: 12) }
  }
}

/// The softmax of a row of bytes.
///
/// Source: TFLite's reference kernel; results have the same bits.
struct ByteSoftmax<
  Input: FixedWidthInteger & BitwiseCopyable & Sendable, Output: FixedWidthInteger & BitwiseCopyable & Sendable
>: SoftmaxRow {
  private let table: ByteSoftmaxTable

  /// - Throws: `unsupported` when `beta * inputScale` is too small for the fixed-point form.
  init(inputScale: Float, beta: Float) throws(OperatorError) {
    // Distances are scaled to Q5.
    let factor = min(Double(beta) * Double(inputScale) * Double(1 << 26), Double(Int32.max))
    let multiplier = QuantizedMultiplier(factor)
    guard factor > 1 else { throw .unsupported("the input scale \(inputScale) is too small") }
    let radius = Int32((Double(31 * (1 << 26)) / Double(Int64(1) << Int64(multiplier.shift))).rounded(.down))
    table = ByteSoftmaxTable(
      InlineArray { distance in
        guard distance <= radius else { return 0 }
        let scaled = QuantizedMultiplier.doublingHighMultiply(
          Int32(-distance) &<< multiplier.shift, multiplier.multiplier)
        return FixedPoint.exponential(scaled)
      })
  }

  @inline(__always)
  func apply(_ x: Span<Input>, _ y: inout MutableSpan<Output>) {
    precondition(x.count == y.count)
    var peak = Input.min
    for i in x.indices { peak = x[i] > peak ? x[i] : peak }
    // Kept from wrapping in rows of more than 4096 near-equal elements.
    var total: Int64 = 0
    for i in x.indices { total &+= Int64(table.terms[distance(x[i], peak)]) }
    let reciprocal = FixedPoint.reciprocal(Int32(clamping: total), integerBits: 12)
    let exponent = reciprocal.bitsOverUnit + 31 - Int32(Output.bitWidth)
    guard exponent <= 31 else {
      // So many bits to the right nothing is left.
      for i in y.indices { y[i] = Output.min }
      return
    }
    let quantization = OutputQuantization(
      multiplier: QuantizedMultiplier(multiplier: reciprocal.value, shift: -exponent), zeroPoint: Int32(Output.min),
      low: Int32(Output.min), high: Int32(Output.max))
    var block = InlineArray<128, Int32>(repeating: 0)
    var start = 0
    while start < x.count {
      // A block is read before it is written, so that input and output may be the same memory.
      let length = min(block.count, x.count - start)
      for i in 0..<length { block[i] = table.exponentials[distance(x[start + i], peak)] }
      quantization.requantize(block.span.extracting(first: length), &y, at: start)
      start += length
    }
  }

  @inline(__always)
  private func distance(_ x: Input, _ peak: Input) -> Int {
    Int(UInt8(truncatingIfNeeded: Int32(truncatingIfNeeded: peak) &- Int32(truncatingIfNeeded: x)))
  }
}

/// The softmax of a row of 16-bit integers.
///
/// Source: TFLite's reference kernel; results have the same bits.
struct ShortSoftmax: SoftmaxRow {
  private let multiplier: QuantizedMultiplier
  private let exponential: ShortLookup
  private let reciprocal: ShortLookup

  init(inputScale: Float, beta: Float) {
    multiplier = QuantizedMultiplier(Double(inputScale * beta) / (10.0 / 65535.0))
    exponential = ShortLookup(
      inputScale: 10.0 / 65535.0, inputZeroPoint: 32767, outputScale: 2.0 / 65535.0, outputZeroPoint: 0, exponentialOf)
    reciprocal = ShortLookup(
      inputScale: 1.0 / 65535.0, inputZeroPoint: -32768, outputScale: 2.0 / 65535.0, outputZeroPoint: 0
    ) { (x: Double) in 1 / (1 + x) }
  }

  @inline(__always)
  func apply(_ x: Span<Int16>, _ y: inout MutableSpan<Int16>) {
    precondition(x.count == y.count)
    var peak = Int16.min
    for i in x.indices { peak = x[i] > peak ? x[i] : peak }
    var total: Int64 = 0
    for i in x.indices {
      let scaled = multiplier.apply(Int32(x[i]) &- Int32(peak))
      let e = exponential.apply(Int16(clamping: scaled &+ 32767))
      y[i] = e
      total &+= Int64(e)
    }
    let sum = Int32(clamping: total)
    let headroom = Int64(sum.leadingZeroBitCount)
    // The sum as 1.xxx with 16 fraction bits, of which the table takes the part behind the point.
    let shifted = ((Int64(sum) << (headroom - 1)) + (1 << 13)) >> 14
    let inverse = Int64(reciprocal.apply(Int16(clamping: shifted - (1 << 15) - (1 << 16))))
    let shift = 31 - headroom
    let rounding: Int64 = shift > 0 ? 1 << (shift - 1) : 0
    for i in y.indices {
      let result = (Int64(y[i]) &* inverse &+ rounding) >> shift
      y[i] = Int16(truncatingIfNeeded: min(max(result, 0), 32767))
    }
  }
}
