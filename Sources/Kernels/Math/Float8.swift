internal import TensorTypes

/// Rounds numbers to 8-bit floating point, to nearest with ties to even. Numbers that are too large become infinity, in a format without
/// infinities NaN; so does NaN.
struct FloatToFloat8: UnaryElementFunction {
  private let fractionBits: Int32
  private let bias: Int32
  /// The first magnitude in the format's numbers, seen as integers, that is no finite number.
  private let limit: UInt32
  private let overflow: UInt8
  private let nan: UInt8

  /// - Throws: `unsupported` for other types.
  init(_ element: ElementType) throws(OperatorError) {
    switch element {
    case .float8E4M3FN:
      fractionBits = 3
      bias = 7
      limit = 0x7F
      overflow = 0x7F
      nan = 0x7F
    case .float8E5M2:
      fractionBits = 2
      bias = 15
      limit = 0x7C
      overflow = 0x7C
      nan = 0x7E
    default: throw .unsupported("\(element) is no 8-bit floating type")
    }
  }

  @inline(__always)
  func apply(_ x: Float) -> UInt8 {
    let sign = UInt8(truncatingIfNeeded: (x.bitPattern &>> 24) & 0x80)
    if x.isNaN { return sign | nan }
    let magnitude = x.bitPattern & 0x7FFF_FFFF
    // The exponent in the format; below 1 the number is subnormal there and loses further bits.
    let exponent = Int32(truncatingIfNeeded: magnitude &>> 23) &- 127 &+ bias
    let lost = 23 &- fractionBits &+ max(0, 1 &- exponent)
    guard lost < 26 else { return sign }
    let significand = magnitude & 0x007F_FFFF | (magnitude >= 0x0080_0000 ? 0x0080_0000 : 0)
    let half = UInt32(1) &<< UInt32(truncatingIfNeeded: lost &- 1)
    let odd = (significand &>> UInt32(truncatingIfNeeded: lost)) & 1
    let rounded = (significand &+ half &- 1 &+ odd) &>> UInt32(truncatingIfNeeded: lost)
    // The leading bit of a normal number adds one to the exponent, as does a carry.
    let bits =
      exponent < 1
      ? rounded : UInt32(truncatingIfNeeded: exponent &- 1) &<< UInt32(truncatingIfNeeded: fractionBits) &+ rounded
    return sign | (bits >= limit ? overflow : UInt8(truncatingIfNeeded: bits))
  }
}
