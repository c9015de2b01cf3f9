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
