/// The generator Philox 4x32-10, written from its description with wide integers.
enum PhiloxVectors {
  static func block(key: (UInt64, UInt64), counter: (UInt64, UInt64, UInt64, UInt64)) -> [UInt32] {
    var (k0, k1) = key
    var c = [counter.0, counter.1, counter.2, counter.3]
    for _ in 0..<10 {
      let a = c[0].multipliedFullWidth(by: 0xD251_1F53).low
      let b = c[2].multipliedFullWidth(by: 0xCD9E_8D57).low
      c = [(b >> 32) ^ c[1] ^ k0, b % (1 << 32), (a >> 32) ^ c[3] ^ k1, a % (1 << 32)]
      k0 = (k0 + 0x9E37_79B9) % (1 << 32)
      k1 = (k1 + 0xBB67_AE85) % (1 << 32)
    }
    return c.map { UInt32($0) }
  }

  /// TFLite's use of it: the first seed is the key, the second the upper half of the counter.
  static func block(seed: UInt64, seed2: UInt64, index: UInt64) -> [UInt32] {
    let half: UInt64 = 1 << 32
    return block(
      key: (seed % half, seed / half), counter: (index % half, index / half, seed2 % half, seed2 / half))
  }
}
