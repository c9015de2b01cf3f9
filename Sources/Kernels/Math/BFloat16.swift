/// A `bfloat16` number: the upper half of a `float32`.
struct BFloat16: BitwiseCopyable, Sendable {
  var bitPattern: UInt16

  init(bitPattern: UInt16) { self.bitPattern = bitPattern }

  /// The nearest `bfloat16`, ties to even; NaN stays NaN.
  @inline(__always)
  init(_ value: Float) {
    let bits = value.bitPattern
    let rounded = (bits &+ 0x7FFF &+ ((bits &>> 16) & 1)) &>> 16
    let isNaN = bits & 0x7FFF_FFFF > 0x7F80_0000
    bitPattern = UInt16(truncatingIfNeeded: isNaN ? 0x7FC0 | ((bits &>> 16) & 0x8000) : rounded)
  }
}

extension Float {
  @inline(__always)
  init(_ value: BFloat16) { self.init(bitPattern: UInt32(value.bitPattern) &<< 16) }
}
