/// A hash of many bytes that is quick, where nobody gains by two contents of one hash: SHA-256 would take longer than loading a large model.
enum ContentHash {
  private static let first: UInt64 = 0x9E37_79B1_85EB_CA87
  private static let second: UInt64 = 0xC2B2_AE3D_27D4_EB4F

  /// The bytes' number and 256 bits that depend on all of them, in hexadecimal. The same on every machine.
  static func text(_ bytes: RawSpan) -> String {
    var (a, b, c, d) = (first, second, ~first, ~second)
    func mixed(_ lane: UInt64, _ word: UInt64) -> UInt64 {
      let sum = lane &+ word &* second
      return ((sum &<< 31) | (sum &>> 33)) &* first
    }
    let whole = bytes.byteCount / 32 * 32
    for offset in stride(from: 0, to: whole, by: 32) {
      func word(_ number: Int) -> UInt64 {
        UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset + 8 * number, as: UInt64.self))
      }
      (a, b, c, d) = (mixed(a, word(0)), mixed(b, word(1)), mixed(c, word(2)), mixed(d, word(3)))
    }
    for offset in whole..<bytes.byteCount {
      a = mixed(a, UInt64(unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)))
    }
    return "\(bytes.byteCount) " + [a, b, c, d].map { String($0, radix: 16) }.joined(separator: " ")
  }
}
