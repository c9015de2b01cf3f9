/// Fixed-point functions on 32-bit integers, as the quantised operators define them: Q`n` has `n` integer bits and `31 - n` fraction bits.
///
/// Source: the arithmetic of TFLite's reference kernels (gemmlowp's fixed-point library); results have the same bits.
enum FixedPoint {
  /// The product of a Q`a` and a Q`b` number, as Q`a + b`.
  @inline(__always)
  static func multiply(_ a: Int32, _ b: Int32) -> Int32 { QuantizedMultiplier.doublingHighMultiply(a, b) }

  /// `value * 2^exponent`, saturating.
  @inline(__always)
  static func shiftLeft(_ value: Int32, _ exponent: Int32) -> Int32 {
    Int32(clamping: Int64(value) &<< Int64(exponent))
  }

  @inline(__always)
  static func divide(_ value: Int32, byPowerOfTwo exponent: Int32) -> Int32 {
    exponent > 31 ? 0 : QuantizedMultiplier.roundingDivideByPowerOfTwo(value, exponent)
  }

  /// `1 / (1 + x)` in Q0, for `x` in Q0 between 0 and 1: three Newton steps from a linear guess.
  static func reciprocalOfOnePlus(_ x: Int32) -> Int32 {
    let sum = Int64(x) + Int64(Int32.max)
    let halfDenominator = Int32(truncatingIfNeeded: (sum + (sum >= 0 ? 1 : -1)) / 2)
    // 48/17 and -32/17 in Q2.
    var estimate = 1_515_870_810 &+ multiply(halfDenominator, -1_010_580_540)
    for _ in 0..<3 {
      let error = (1 << 29) &- multiply(halfDenominator, estimate)
      estimate = estimate &+ shiftLeft(multiply(estimate, error), 2)
    }
    // Halved, the Q2 number is a Q1 number with the same bits.
    return shiftLeft(estimate, 1)
  }

  /// `1 / x` for positive `x` with `integerBits` integer bits: a Q0 number and how many bits its binary point is off.
  static func reciprocal(_ x: Int32, integerBits: Int32) -> (value: Int32, bitsOverUnit: Int32) {
    let headroom = Int32(x.leadingZeroBitCount)
    let fraction = Int32(truncatingIfNeeded: (UInt32(bitPattern: x) << UInt32(headroom)) &- (1 << 31))
    return (reciprocalOfOnePlus(fraction), integerBits - headroom)
  }

  /// `exp(x)` in Q0 for `x` in Q5, at most 0.
  static func exponential(_ x: Int32) -> Int32 {
    let fractionBits: Int32 = 26
    let quarter: Int32 = 1 << (fractionBits - 2)
    let modulo = (x & (quarter - 1)) &- quarter
    var result = exponentialOfLastQuarter(shiftLeft(modulo, 5))
    let remainder = modulo &- x
    // exp(-1/4), exp(-1/2), exp(-1), … exp(-16) in Q0.
    let factors: InlineArray<7, Int32> = [
      1_672_461_947, 1_302_514_674, 790_015_084, 290_630_308, 39_332_535, 720_401, 242
    ]
    for index in 0..<7 where remainder & (1 << (fractionBits - 2 + Int32(index))) != 0 {
      result = multiply(result, factors[index])
    }
    return x == 0 ? Int32.max : result
  }

  /// `1 / sqrt(x)` of a positive integer, as a multiplier and a power of two: five Newton steps from 1.
  static func inverseSquareRoot(_ x: Int32) -> (multiplier: Int32, shift: Int32) {
    guard x > 1 else { return (Int32.max, 0) }
    var input = x
    var shift: Int32 = 11
    while input >= 1 << 29 {
      input /= 4
      shift += 1
    }
    let pairs = Int32(input.leadingZeroBitCount - 1) / 2 - 1
    shift -= pairs
    // Between 2^27 and 2^29: between 1/2 and 2 in Q3 after halving.
    input = input &<< (2 * pairs)
    let halfInput = divide(input >> 1, byPowerOfTwo: 1)
    let threeHalves: Int32 = (1 << 28) + (1 << 27)
    var root: Int32 = 1 << 28
    for _ in 0..<5 {
      let cube = shiftLeft(multiply(multiply(root, root), root), 6)
      root = shiftLeft(multiply(threeHalves, root) &- multiply(halfInput, cube), 3)
    }
    // sqrt(1/2) in Q0.
    root = multiply(root, 1_518_500_250)
    if shift < 0 {
      root = root &<< -shift
      shift = 0
    }
    return (root, -shift)
  }

  /// `value * multiplier * 2^(shift - 31)`, rounded twice, for shifts of any size.
  @inline(__always)
  static func scale(_ value: Int32, _ multiplier: Int32, _ shift: Int32) -> Int32 {
    let left = min(max(shift, 0), 31)
    let product = QuantizedMultiplier.doublingHighMultiply(value &<< left, multiplier)
    return divide(product, byPowerOfTwo: max(0 &- shift, 0))
  }

  /// `exp(x)` in Q0 for `x` in Q0 between -1/4 and 0: a Taylor polynomial around -1/8.
  private static func exponentialOfLastQuarter(_ x: Int32) -> Int32 {
    let center: Int32 = 1_895_147_668  // exp(-1/8)
    let third: Int32 = 715_827_883
    let offset = x &+ (1 << 28)
    let square = multiply(offset, offset)
    let cube = multiply(square, offset)
    let fourthOverFour = divide(multiply(square, square), byPowerOfTwo: 2)
    let tail = divide(multiply(fourthOverFour &+ cube, third) &+ square, byPowerOfTwo: 1)
    return center &+ multiply(center, offset &+ tail)
  }
}

extension Int32 {
  /// What an x86-64 machine converts a float to: the integer part, and `Int32.min` for everything that does not fit, NaN and infinities
  /// included. TFLite's reference kernels rely on it.
  @inline(__always)
  init(machineTruncating value: Float) {
    self = value >= -2_147_483_648 && value < 2_147_483_648 ? Int32(value) : .min
  }

  /// As ``init(machineTruncating:)-(Float)`` for doubles.
  @inline(__always)
  init(machineTruncating value: Double) {
    self = value > -2_147_483_649 && value < 2_147_483_648 ? Int32(value) : .min
  }
}
