internal import Glibc

/// The base-2 logarithm of a scale that is a power of two within one part in a thousand of its exponent; nil for others.
///
/// Source: TFLite's `CheckedLog2`, including its rounding.
func powerOfTwo(_ scale: Float) -> Int32? {
  let (rounded, isExact) = roundedLogarithm(scale)
  return isExact ? rounded : nil
}

/// The base-2 logarithm of a finite positive number, rounded, and whether it was nearly whole.
func roundedLogarithm(_ value: Float) -> (rounded: Int32, isExact: Bool) {
  let logarithm = logf(value) * (1 / logf(2))
  let rounded = roundf(logarithm)
  return (Int32(clampingFloat: rounded), abs(logarithm - rounded) < 1e-3)
}

extension Int32 {
  /// The integer part of a float, the nearest representable one when out of range, 0 for NaN.
  @inline(__always)
  init(clampingFloat value: Float) {
    if value >= 2_147_483_648 {
      self = .max
    } else if value >= -2_147_483_648 {
      self = Int32(value)
    } else {
      self = value.isNaN ? 0 : .min
    }
  }
}
