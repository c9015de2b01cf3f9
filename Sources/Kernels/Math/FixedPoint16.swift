/// Fixed-point functions on 16-bit integers: Q`n` has `n` integer bits and `15 - n` fraction bits.
///
/// Source: the arithmetic of TFLite's integer LSTM kernels (gemmlowp's fixed-point library); results have the same bits.
enum FixedPoint16 {
  /// The product of a Q`a` and a Q`b` number, as Q`a + b`.
  @inline(__always)
  static func multiply(_ a: Int16, _ b: Int16) -> Int16 {
    if a == b, a == .min { return .max }
    let product = Int32(a) * Int32(b)
    return Int16(truncatingIfNeeded: (product + (product >= 0 ? 1 << 14 : 1 - (1 << 14))) / (1 << 15))
  }

  /// `value * 2^exponent`, saturating.
  @inline(__always)
  static func shiftLeft(_ value: Int16, _ exponent: Int32) -> Int16 { Int16(clamping: Int32(value) &<< exponent) }

  /// `value / 2^exponent`, rounded to nearest with ties away from zero.
  @inline(__always)
  static func divide(_ value: Int16, byPowerOfTwo exponent: Int32) -> Int16 {
    Int16(truncatingIfNeeded: QuantizedMultiplier.roundingDivideByPowerOfTwo(Int32(value), exponent))
  }

  @inline(__always)
  static func add(_ a: Int16, _ b: Int16) -> Int16 { Int16(clamping: Int32(a) + Int32(b)) }

  /// `1 / (1 + e^-x)` in Q0 for `x` in Q3.
  static func logistic(_ x: Int16) -> Int16 {
    guard x != 0 else { return 1 << 14 }
    let positive = shiftLeft(reciprocalOfOnePlus(exponential(x > 0 ? 0 &- x : x, integerBits: 3)), 1)
    return x > 0 ? positive : .max &- positive
  }

  /// The hyperbolic tangent in Q0 for `x` with `integerBits` integer bits, 0 to 6.
  static func tanh(_ x: Int16, integerBits: Int32) -> Int16 {
    guard x != 0 else { return 0 }
    let negative = x < 0 ? x : 0 &- x
    // (1 - e) / (1 + e) = 2 / (1 + e) - 1, with e = e^(2 x) for x below 0; doubling only moves the binary point.
    let quotient = reciprocalOfOnePlus(exponential(negative, integerBits: integerBits + 1))
    let result = shiftLeft(quotient &- (1 << 13), 2)
    return x < 0 ? 0 &- result : result
  }

  /// `2 / (1 + x)` in Q2, for `x` in Q0 between 0 and 1: three Newton steps from a linear guess.
  private static func reciprocalOfOnePlus(_ x: Int16) -> Int16 {
    let sum = Int32(x) + Int32(Int16.max)
    let halfDenominator = Int16(truncatingIfNeeded: (sum + (sum >= 0 ? 1 : -1)) / 2)
    // 48/17 and -32/17 in Q2.
    var estimate = 23130 &+ multiply(halfDenominator, -15420)
    for _ in 0..<3 {
      let error = (1 << 13) &- multiply(halfDenominator, estimate)
      estimate = estimate &+ shiftLeft(multiply(estimate, error), 2)
    }
    return estimate
  }

  /// `e^x` in Q0 for `x` at most 0 with `integerBits` integer bits, 1 to 7.
  private static func exponential(_ x: Int16, integerBits: Int32) -> Int16 {
    let fractionBits = 15 - integerBits
    let quarter = Int16(1) &<< Int16(fractionBits - 2)
    let modulo = (x & (quarter &- 1)) &- quarter
    var result = exponentialOfLastQuarter(shiftLeft(modulo, integerBits))
    let remainder = modulo &- x
    // e^(-1/4), e^(-1/2), e^-1, … e^-16 in Q0.
    let factors: InlineArray<7, Int16> = [25520, 19875, 12055, 4435, 600, 11, 0]
    for index in 0..<7 where integerBits > Int32(index) - 2 {
      let bit = Int16(1) &<< Int16(fractionBits - 2 + Int32(index))
      if remainder & bit != 0 { result = multiply(result, factors[index]) }
    }
    if integerBits > 5 {
      // Below -32.
      let limit = Int16(truncatingIfNeeded: -(Int32(1) << (20 - integerBits)))
      if x < limit { result = 0 }
    }
    return x == 0 ? .max : result
  }

  /// `e^x` in Q0 for `x` in Q0 between -1/4 and 0: a Taylor polynomial around -1/8.
  private static func exponentialOfLastQuarter(_ x: Int16) -> Int16 {
    let center: Int16 = 28918  // e^(-1/8)
    let third: Int16 = 10923
    let offset = x &+ (1 << 12)
    let square = multiply(offset, offset)
    let cube = multiply(square, offset)
    let fourthOverFour = divide(multiply(square, square), byPowerOfTwo: 2)
    let tail = divide(multiply(fourthOverFour &+ cube, third) &+ square, byPowerOfTwo: 1)
    return add(center, multiply(center, offset &+ tail))
  }
}

/// A function of 16-bit integers as a table of all its values.
final class ShortTable: Sendable {
  private let values: [Int16]

  private init(_ function: (Int16) -> Int16) {
    values = (0...65535).map { function(Int16(bitPattern: UInt16($0))) }
  }

  @inline(__always)
  subscript(x: Int16) -> Int16 { values[Int(UInt16(bitPattern: x))] }

  /// ``FixedPoint16/logistic(_:)``.
  static let logistic = ShortTable(FixedPoint16.logistic)

  /// ``FixedPoint16/tanh(_:integerBits:)`` for 0 to 6 integer bits; nil for others.
  static func tanh(integerBits: Int) -> ShortTable? {
    switch integerBits {
    case 0: tanh0
    case 1: tanh1
    case 2: tanh2
    case 3: tanh3
    case 4: tanh4
    case 5: tanh5
    case 6: tanh6
    default: nil
    }
  }

  private static let tanh0 = ShortTable { FixedPoint16.tanh($0, integerBits: 0) }
  private static let tanh1 = ShortTable { FixedPoint16.tanh($0, integerBits: 1) }
  private static let tanh2 = ShortTable { FixedPoint16.tanh($0, integerBits: 2) }
  private static let tanh3 = ShortTable { FixedPoint16.tanh($0, integerBits: 3) }
  private static let tanh4 = ShortTable { FixedPoint16.tanh($0, integerBits: 4) }
  private static let tanh5 = ShortTable { FixedPoint16.tanh($0, integerBits: 5) }
  private static let tanh6 = ShortTable { FixedPoint16.tanh($0, integerBits: 6) }
}
