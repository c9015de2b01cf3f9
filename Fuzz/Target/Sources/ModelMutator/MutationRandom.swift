/// Random choices (SplitMix64), with a liking for numbers at which arithmetic breaks.
struct MutationRandom: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func below(_ count: Int) -> Int { count > 0 ? Int(next() % UInt64(count)) : 0 }
  /// True once in `count` times.
  mutating func once(in count: Int) -> Bool { below(count) == 0 }

  private static let integers: [Int] = [
    -1, 0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 32, 63, 64, 100, 127, 128, 129, 255, 256, 257, 1000, 4096, 32767, 32768,
    65535, 65536, 65537, 1 << 24, 1 << 30, (1 << 31) - 1, 1 << 31, 1 << 32, 1 << 62, Int.max, Int.min, -2, -3, -8, -128,
    -129, -32768, -65536, -(1 << 31), -(1 << 31) - 1,
  ]
  private static let floats: [Float] = [
    0, -0.0, 1, -1, 0.5, 2, 255, 256, 1e-38, .leastNonzeroMagnitude, 3e38, -3e38, .infinity, -.infinity, .nan,
    2_147_483_648, -2_147_483_648,
    9.3e18, 1e-10, 0.003921569, 127.5,
  ]

  /// A number near `old`, or a notorious one.
  mutating func integer(_ old: Int) -> Int {
    switch below(8) {
    case 0, 1: old &+ 1
    case 2: old &- 1
    case 3: old ^ (1 << below(64))
    case 4: below(10)
    case 5: old &* 2
    default: Self.integers[below(Self.integers.count)]
    }
  }

  /// The bits of a float near `old`, or of a notorious one.
  mutating func float(_ old: UInt32) -> UInt32 {
    switch below(4) {
    case 0: (Float(bitPattern: old) * [0.5, 2, -1, 1.0001, 1e6, 1e-6][below(6)]).bitPattern
    case 1: old ^ (1 << UInt32(below(32)))
    default: Self.floats[below(Self.floats.count)].bitPattern
    }
  }

  /// A dimension: mostly small.
  mutating func dimension(_ old: Int) -> Int {
    switch below(8) {
    case 0: 0
    case 1: 1
    case 2: integer(old)
    case 3: old &+ 1
    case 4: old &- 1
    default: 1 + below(9)
    }
  }
}
