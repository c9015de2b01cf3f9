/// Rounding of floats, written without branches or calls so that a loop over it is vectorised. NaN gives NaN everywhere.
enum VectorMath {
  /// The nearest whole number, ties to even.
  @inline(__always)
  static func roundToEven(_ x: Float) -> Float {
    // Adding 2^23 to the magnitude pushes the fraction out.
    let magic: Float = 8_388_608
    let sign = x.bitPattern & 0x8000_0000
    let magnitude = Float(bitPattern: x.bitPattern & 0x7FFF_FFFF)
    let rounded = Float(bitPattern: ((magnitude + magic) - magic).bitPattern | sign)
    return magnitude < magic ? rounded : x
  }

  /// The largest whole number not above `x`.
  @inline(__always)
  static func floor(_ x: Float) -> Float {
    let rounded = roundToEven(x)
    return rounded > x ? rounded - 1 : rounded
  }

  /// The smallest whole number not below `x`.
  @inline(__always)
  static func ceiling(_ x: Float) -> Float {
    let rounded = roundToEven(x)
    return rounded < x ? rounded + 1 : rounded
  }
}
