internal import CKernels
internal import TensorTypes

/// A function of a byte, as a table of its 256 values.
struct ByteLookup: Sendable {
  private let table: [UInt8]

  /// The table of `function`, which takes each value of `T`, an 8-bit integer.
  init<T: FixedWidthInteger>(_: T.Type, _ function: (T) -> T) {
    table = (0..<256).map { UInt8(truncatingIfNeeded: function(T(truncatingIfNeeded: $0))) }
  }

  /// The table of a real function between quantised operands.
  ///
  /// Source: TFLite's `LUTPopulate` for 8-bit types; the table has the same bytes.
  init<T: FixedWidthInteger>(
    _: T.Type, from input: AffineParameters, to output: AffineParameters, _ function: (Float) -> Float
  ) {
    let inverseScale = 1 / output.scale
    self.init(T.self) { value in
      let real = input.scale * Float(Int32(value) - input.zeroPoint)
      let scaled = (function(real) * inverseScale).rounded(.toNearestOrAwayFromZero)
      let quantized = Int32(machineTruncating: scaled + Float(output.zeroPoint))
      return T(max(min(Int32(T.max), quantized), Int32(T.min)))
    }
  }

  /// The kernel that looks up each of `count` bytes of input 0.
  func kernel(count: Int) -> Kernel {
    let microkernels = Microkernels.best
    return Kernel { io throws(OperatorError) in
      try io.parallel(count, grain: 8 * elementwiseGrain) { range in
        guard let x = unsafe io.inputBytes(0).bindMemory(to: UInt8.self).baseAddress,
          let y = unsafe io.outputBytes(0).bindMemory(to: UInt8.self).baseAddress
        else { return }
        // Safety: operands have the bytes of their shapes; input and output are the same memory or do not overlap.
        unsafe table.withUnsafeBufferPointer {
          unsafe microkernels.table.pointee.lookup(
            $0.baseAddress, x + range.lowerBound, y + range.lowerBound, range.count)
        }
      }
    }
  }
}

/// A function of a 16-bit integer, as 513 values and straight lines between them.
///
/// Source: TFLite's `LUTPopulate` and `LUTLookup` for `int16`; results have the same bits.
struct ShortLookup: UnaryElementFunction {
  private final class Table: Sendable {
    let values: InlineArray<513, Int16>
    init(_ values: InlineArray<513, Int16>) { self.values = values }
  }

  private let table: Table

  /// The table of a real function between quantised operands, computed in the precision of `T`.
  init<T: BinaryFloatingPoint>(
    inputScale: T, inputZeroPoint: Int32, outputScale: T, outputZeroPoint: Int32, _ function: (T) -> T
  ) {
    let inputMinimum = inputScale * T(-32768 - inputZeroPoint)
    let inputMaximum = inputScale * T(32767 - inputZeroPoint)
    let outputMinimum = outputScale * T(-32768 - outputZeroPoint)
    let outputMaximum = outputScale * T(32767 - outputZeroPoint)
    let step = (inputMaximum - inputMinimum) / 512
    let halfStep = step / 2
    let inverseScale = 65536 / (outputMaximum - outputMinimum)
    func rounded(_ value: T) -> T { value.rounded(.toNearestOrAwayFromZero) }
    func limited(_ value: T) -> Int16 {
      // As C++'s `min(max(value, low), high)` orders the comparisons, NaN stays; it then becomes 0.
      let raised = value < -32768 ? -32768 : value
      let limited = raised > 32767 ? 32767 : raised
      return limited.isNaN ? 0 : Int16(limited)
    }
    table = Table(
      InlineArray { index in
        if index == 512 { return limited(rounded(function(inputMaximum) * inverseScale)) }
        let start = inputMinimum + T(index) * step
        let value = function(start)
        let middle = function(start + halfStep)
        let next = function(inputMinimum + T(index + 1) * step)
        let sample = rounded(value * inverseScale)
        let interpolated = rounded((next * inverseScale + sample) / 2)
        let bias = rounded((interpolated - rounded(middle * inverseScale)) / 2)
        return limited(sample - bias)
      })
  }

  @inline(__always) func apply(_ x: Int16) -> Int16 {
    let value = Int(x)
    let index = 256 &+ (value &>> 7)
    let base = table.values[index]
    let slope = table.values[index &+ 1] &- base
    let delta = (Int32(slope) &* Int32(value & 0x7f) &+ 64) &>> 7
    return Int16(truncatingIfNeeded: Int32(base) &+ delta)
  }
}
