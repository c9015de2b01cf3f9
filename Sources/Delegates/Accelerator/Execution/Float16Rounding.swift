/// Rounds `float32` values to what `float16` can hold, in place: to the nearest, ties to even; beyond the range to ±65504; NaN stays NaN.
///
/// The accelerator has no infinity in its float16 arithmetic.
enum Float16Rounding {
  static let largest: Float = 65504

  static func round(_ values: inout MutableSpan<Float>) {
    for index in values.indices { values[index] = round(values[index]) }
  }

  @inline(__always) static func round(_ value: Float) -> Float {
    let bits = value.bitPattern
    let sign = bits & 0x8000_0000
    let magnitude = bits & 0x7FFF_FFFF
    // NaN.
    if magnitude > 0x7F80_0000 { return value }
    // Below 2^-14 float16 has a fixed step of 2^-24: adding 0.5, whose step that is in float32, rounds to it.
    if magnitude < 0x3880_0000 {
      let rounded = (Float(bitPattern: magnitude) + 0.5) - 0.5
      return Float(bitPattern: rounded.bitPattern | sign)
    }
    let rounded = (magnitude &+ 0x0FFF &+ ((magnitude >> 13) & 1)) & ~0x1FFF
    return Float(bitPattern: min(rounded, largest.bitPattern) | sign)
  }
}
