/// The 64-bit fingerprint of bytes by FarmHash's portable function (`Fingerprint64`), the same on every machine.
///
/// Source: the published algorithm; little-endian reads.
struct Fingerprint {
  private static let k0: UInt64 = 0xc3a5_c85c_97cb_3127
  private static let k1: UInt64 = 0xb492_b66f_be98_f273
  private static let k2: UInt64 = 0x9ae1_6a3b_2f90_404f

  static func of(_ bytes: Span<UInt8>) -> UInt64 {
    let count = bytes.count
    if count <= 16 { return upTo16(bytes) }
    if count <= 32 { return upTo32(bytes) }
    if count <= 64 { return upTo64(bytes) }
    return above64(bytes)
  }

  @inline(__always)
  private static func word64(_ bytes: Span<UInt8>, _ offset: Int) -> UInt64 {
    var value: UInt64 = 0
    for i in 0..<8 { value |= UInt64(bytes[offset + i]) << UInt64(8 * i) }
    return value
  }

  @inline(__always)
  private static func word32(_ bytes: Span<UInt8>, _ offset: Int) -> UInt64 {
    var value: UInt64 = 0
    for i in 0..<4 { value |= UInt64(bytes[offset + i]) << UInt64(8 * i) }
    return value
  }

  @inline(__always)
  private static func rotate(_ value: UInt64, _ shift: UInt64) -> UInt64 { value >> shift | value << (64 - shift) }

  @inline(__always)
  private static func mix(_ value: UInt64) -> UInt64 { value ^ (value >> 47) }

  @inline(__always)
  private static func combine(_ u: UInt64, _ v: UInt64, _ factor: UInt64) -> UInt64 {
    var a = (u ^ v) &* factor
    a ^= a >> 47
    var b = (v ^ a) &* factor
    b ^= b >> 47
    return b &* factor
  }

  private static func upTo16(_ bytes: Span<UInt8>) -> UInt64 {
    let count = bytes.count
    if count >= 8 {
      let factor = k2 &+ UInt64(count) &* 2
      let a = word64(bytes, 0) &+ k2
      let b = word64(bytes, count - 8)
      let c = rotate(b, 37) &* factor &+ a
      let d = (rotate(a, 25) &+ b) &* factor
      return combine(c, d, factor)
    }
    if count >= 4 {
      let factor = k2 &+ UInt64(count) &* 2
      return combine(UInt64(count) &+ word32(bytes, 0) << 3, word32(bytes, count - 4), factor)
    }
    if count > 0 {
      let y = UInt32(bytes[0]) &+ UInt32(bytes[count >> 1]) << 8
      let z = UInt32(count) &+ UInt32(bytes[count - 1]) << 2
      return mix(UInt64(y) &* k2 ^ UInt64(z) &* k0) &* k2
    }
    return k2
  }

  private static func upTo32(_ bytes: Span<UInt8>) -> UInt64 {
    let count = bytes.count
    let factor = k2 &+ UInt64(count) &* 2
    let a = word64(bytes, 0) &* k1
    let b = word64(bytes, 8)
    let c = word64(bytes, count - 8) &* factor
    let d = word64(bytes, count - 16) &* k2
    return combine(rotate(a &+ b, 43) &+ rotate(c, 30) &+ d, a &+ rotate(b &+ k2, 18) &+ c, factor)
  }

  private static func upTo64(_ bytes: Span<UInt8>) -> UInt64 {
    let count = bytes.count
    let factor = k2 &+ UInt64(count) &* 2
    let a = word64(bytes, 0) &* k2
    let b = word64(bytes, 8)
    let c = word64(bytes, count - 8) &* factor
    let d = word64(bytes, count - 16) &* k2
    let y = rotate(a &+ b, 43) &+ rotate(c, 30) &+ d
    let z = combine(y, a &+ rotate(b &+ k2, 18) &+ c, factor)
    let e = word64(bytes, 16) &* factor
    let f = word64(bytes, 24)
    let g = (y &+ word64(bytes, count - 32)) &* factor
    let h = (z &+ word64(bytes, count - 24)) &* factor
    return combine(rotate(e &+ f, 43) &+ rotate(g, 30) &+ h, e &+ rotate(f &+ a, 18) &+ g, factor)
  }

  @inline(__always)
  private static func weak32(
    _ bytes: Span<UInt8>, _ offset: Int, _ first: UInt64, _ second: UInt64
  ) -> (UInt64, UInt64) {
    let (w, x) = (word64(bytes, offset), word64(bytes, offset + 8))
    let (y, z) = (word64(bytes, offset + 16), word64(bytes, offset + 24))
    var a = first &+ w
    var b = rotate(second &+ a &+ z, 21)
    let c = a
    a = a &+ x &+ y
    b = b &+ rotate(a, 44)
    return (a &+ z, b &+ c)
  }

  private static func above64(_ bytes: Span<UInt8>) -> UInt64 {
    let count = bytes.count
    let seed: UInt64 = 81
    var x = seed
    var y = seed &* k1 &+ 113
    var z = mix(y &* k2 &+ 113) &* k2
    var v: (UInt64, UInt64) = (0, 0)
    var w: (UInt64, UInt64) = (0, 0)
    x = x &* k2 &+ word64(bytes, 0)
    let end = (count - 1) / 64 * 64
    let last = end + ((count - 1) & 63) - 63
    var offset = 0
    repeat {
      x = rotate(x &+ y &+ v.0 &+ word64(bytes, offset + 8), 37) &* k1
      y = rotate(y &+ v.1 &+ word64(bytes, offset + 48), 42) &* k1
      x ^= w.1
      y = y &+ v.0 &+ word64(bytes, offset + 40)
      z = rotate(z &+ w.0, 33) &* k1
      v = weak32(bytes, offset, v.1 &* k1, x &+ w.0)
      w = weak32(bytes, offset + 32, z &+ w.1, y &+ word64(bytes, offset + 16))
      (x, z) = (z, x)
      offset += 64
    } while offset != end
    let factor = k1 &+ (z & 0xff) << 1
    offset = last
    w.0 = w.0 &+ UInt64((count - 1) & 63)
    v.0 = v.0 &+ w.0
    w.0 = w.0 &+ v.0
    x = rotate(x &+ y &+ v.0 &+ word64(bytes, offset + 8), 37) &* factor
    y = rotate(y &+ v.1 &+ word64(bytes, offset + 48), 42) &* factor
    x ^= w.1 &* 9
    y = y &+ v.0 &* 9 &+ word64(bytes, offset + 40)
    z = rotate(z &+ w.0, 33) &* factor
    v = weak32(bytes, offset, v.1 &* factor, x &+ w.0)
    w = weak32(bytes, offset + 32, z &+ w.1, y &+ word64(bytes, offset + 16))
    (x, z) = (z, x)
    return combine(combine(v.0, w.0, factor) &+ mix(y) &* k0 &+ z, combine(v.1, w.1, factor) &+ x, factor)
  }
}
