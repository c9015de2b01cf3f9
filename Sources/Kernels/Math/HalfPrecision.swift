internal import CKernels
internal import TensorTypes

extension Float {
  /// The value of a `float16` with these bits, without branches or calls so that a loop over it is vectorised.
  @inline(__always)
  init(halfBits: UInt16) {
    let bits = UInt32(halfBits)
    let magnitude = bits & 0x7FFF
    // Moved into place the exponent is 112 too small; multiplying by 2^112 repairs it, for subnormal numbers too.
    let scaled = Float(bitPattern: magnitude &<< 13) * Float(bitPattern: (127 + 112) << 23)
    // Infinities and NaN keep an exponent of all ones.
    let special: UInt32 = magnitude >= 0x7C00 ? 0x7F80_0000 : 0
    self.init(bitPattern: scaled.bitPattern | special | ((bits & 0x8000) &<< 16))
  }
}

/// A real number of 16 bits, which is computed with as `float32`.
protocol ShortReal: BitwiseCopyable, Sendable {
  var real: Float { get }
}

/// A `float16`. Conversions of Swift's own type are calls on processors that lack it.
struct HalfBits: ShortReal {
  let bits: UInt16
  @inline(__always) var real: Float { Float(halfBits: bits) }
}

extension BFloat16: ShortReal {
  @inline(__always) var real: Float { Float(self) }
}

extension MutableSpan<Float> {
  /// Rounds the first `count` elements, at most 256, to what `float16` holds.
  mutating func roundToHalf(_ count: Int) {
    precondition(count <= self.count && count <= 256)
    let kernels = Microkernels.best
    var halves = InlineArray<256, UInt16>(repeating: 0)
    var bits = halves.mutableSpan
    // Safety: both have `count` elements.
    unsafe withUnsafeMutableBufferPointer { floats in
      unsafe bits.withUnsafeMutableBufferPointer { bits in
        unsafe kernels.table.pointee.f32_to_f16(floats.baseAddress, bits.baseAddress, count)
        unsafe kernels.table.pointee.f16_to_f32(bits.baseAddress, floats.baseAddress, count)
      }
    }
  }
}

/// The kernel that applies a function to the `float16` elements of input 0 as `float32`, in blocks of at most 256.
///
/// - Parameter grain: the least number of elements worth handing to another thread.
func halfKernel(
  count: Int, grain: Int, _ apply: @escaping @Sendable (_ block: inout MutableSpan<Float>) -> Void
) -> Kernel {
  let kernels = Microkernels.best
  return Kernel { io throws(OperatorError) in
    try io.parallel(count, grain: grain) { range in
      let x = io.input(0, as: UInt16.self, in: range)
      var y = io.output(0, as: UInt16.self, in: range)
      var wide = InlineArray<256, Float>(repeating: 0)
      for start in stride(from: 0, to: x.count, by: 256) {
        let length = min(256, x.count - start)
        var floats = wide.mutableSpan
        // Safety: all three have the block's elements; `y` may be `x`.
        unsafe x.extracting(start..<start + length).withUnsafeBufferPointer { x in
          unsafe floats.withUnsafeMutableBufferPointer { floats in
            unsafe y.withUnsafeMutableBufferPointer { y in
              guard let source = floats.baseAddress, let target = y.baseAddress else { return }
              unsafe kernels.table.pointee.f16_to_f32(x.baseAddress, source, length)
              var block = unsafe MutableSpan(_unsafeStart: source, count: length)
              apply(&block)
              unsafe kernels.table.pointee.f32_to_f16(source, target + start, length)
            }
          }
        }
      }
    }
  }
}
