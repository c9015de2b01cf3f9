/// The counter-based generators of Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3" (2011): every block of bits is a function of a
/// key and a counter.
protocol CounterRandom: Sendable {
  /// 32-bit words of a block.
  static var words: Int { get }
  /// The block of a counter's 128 bits; generators with smaller counters use the lowest words.
  static func block(key: SIMD2<UInt32>, counter: SIMD4<UInt32>) -> SIMD4<UInt32>
}

/// Threefry-2x32 with 20 rounds.
enum Threefry2x32: CounterRandom {
  static var words: Int { 2 }

  @inline(__always)
  static func block(key: SIMD2<UInt32>, counter: SIMD4<UInt32>) -> SIMD4<UInt32> {
    let third = key.x ^ key.y ^ 0x1BD1_1BDA
    var x = counter.x &+ key.x
    var y = counter.y &+ key.y
    @inline(__always)
    func mix(_ distance: UInt32) {
      x = x &+ y
      y = (y &<< distance) | (y &>> (32 &- distance))
      y ^= x
    }
    @inline(__always)
    func even() {
      mix(13)
      mix(15)
      mix(26)
      mix(6)
    }
    @inline(__always)
    func odd() {
      mix(17)
      mix(29)
      mix(16)
      mix(24)
    }
    @inline(__always)
    func inject(_ a: UInt32, _ b: UInt32, _ round: UInt32) {
      x = x &+ a
      y = y &+ b &+ round
    }
    even()
    inject(key.y, third, 1)
    odd()
    inject(third, key.x, 2)
    even()
    inject(key.x, key.y, 3)
    odd()
    inject(key.y, third, 4)
    even()
    inject(third, key.x, 5)
    return SIMD4(x, y, 0, 0)
  }
}

/// Philox-4x32 with 10 rounds.
enum Philox4x32: CounterRandom {
  static var words: Int { 4 }

  @inline(__always)
  static func block(key: SIMD2<UInt32>, counter: SIMD4<UInt32>) -> SIMD4<UInt32> {
    var key = key
    var counter = counter
    for _ in 0..<10 {
      let first = UInt64(counter.x) &* 0xD251_1F53
      let second = UInt64(counter.z) &* 0xCD9E_8D57
      counter = SIMD4(
        UInt32(truncatingIfNeeded: second &>> 32) ^ counter.y ^ key.x, UInt32(truncatingIfNeeded: second),
        UInt32(truncatingIfNeeded: first &>> 32) ^ counter.w ^ key.y, UInt32(truncatingIfNeeded: first))
      key = SIMD2(key.x &+ 0x9E37_79B9, key.y &+ 0xBB67_AE85)
    }
    return counter
  }
}
