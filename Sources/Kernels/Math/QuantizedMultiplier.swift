internal import Glibc

/// A positive real factor as a 31-bit integer and a power of two: `factor = multiplier * 2^(shift - 31)`.
///
/// Source: TFLite's `QuantizeMultiplier` and `MultiplyByQuantizedMultiplier` (the double-rounding form); results have the same bits.
public struct QuantizedMultiplier: Sendable, Hashable, BitwiseCopyable {
  public let multiplier: Int32
  public let shift: Int32

  public init(multiplier: Int32, shift: Int32) {
    self.multiplier = multiplier
    self.shift = shift
  }

  /// The nearest representation of `factor`. A factor that is zero, not finite, or below 2^-32 becomes zero.
  public init(_ factor: Double) {
    guard factor != 0, factor.isFinite else {
      self.init(multiplier: 0, shift: 0)
      return
    }
    let exponent = Int(factor.exponent) + 1
    let fraction = factor / scalbn(1, exponent)
    var mantissa = Int64((fraction * Double(1 << 31 as Int64)).rounded(.toNearestOrAwayFromZero))
    var shift = exponent
    if mantissa == 1 << 31 {
      mantissa /= 2
      shift += 1
    }
    if shift < -31 {
      shift = 0
      mantissa = 0
    }
    if shift > 30 {
      shift = 30
      mantissa = (1 << 31) - 1
    }
    self.init(multiplier: Int32(clamping: mantissa), shift: Int32(shift))
  }

  /// `value * factor`, rounded twice as TFLite's reference kernels do.
  @inline(always)
  public func apply(_ value: Int32) -> Int32 {
    let left = max(shift, 0)
    let right = max(-shift, 0)
    let shifted = value &<< left
    return Self.roundingDivideByPowerOfTwo(Self.doublingHighMultiply(shifted, multiplier), right)
  }

  /// The high 32 bits of `2 * a * b`, rounded to nearest, saturating.
  @inline(always)
  public static func doublingHighMultiply(_ a: Int32, _ b: Int32) -> Int32 {
    if a == b, a == Int32.min { return Int32.max }
    let product = Int64(a) &* Int64(b)
    let nudge: Int64 = product >= 0 ? 1 << 30 : 1 - (1 << 30)
    return Int32(truncatingIfNeeded: (product &+ nudge) / (1 << 31))
  }

  /// `value / 2^exponent`, rounded to nearest with ties away from zero; `exponent` is 0 to 31.
  @inline(always)
  public static func roundingDivideByPowerOfTwo(_ value: Int32, _ exponent: Int32) -> Int32 {
    let mask = Int32(truncatingIfNeeded: (Int64(1) &<< Int64(exponent)) &- 1)
    let remainder = value & mask
    let threshold = (mask &>> 1) &+ (value < 0 ? 1 : 0)
    return (value &>> exponent) &+ (remainder > threshold ? 1 : 0)
  }
}
