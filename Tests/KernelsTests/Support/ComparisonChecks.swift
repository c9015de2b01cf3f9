import KernelTestSupport
import Kernels
import TensorTypes
import Testing

/// What comparisons have in common: two broadcast inputs of one element type, and a relation that gives `bool`.
struct ComparisonChecks {
  let operation: any Operator
  /// Whether the relation is one of equality, which also compares types without order.
  var isEquality = false
  let holds: @Sendable (Double, Double) -> Bool

  static let plainTypes: [ElementType] = [.float32, .float16, .bfloat16, .int16, .int32, .int64]
  static let quantisedTypes: [ElementType] = [.int8, .uint8]
  /// Pairs of scales of quantised operands.
  static let scales: [(Float, Float)] = [(0.5, 0.5), (0.5, 0.125), (0.3, 0.07)]
  var supported: [ElementType] { Self.plainTypes + Self.quantisedTypes + (isEquality ? [.bool, .string] : []) }

  private func check(_ a: TestTensor, _ b: TestTensor, _ location: SourceLocation) throws {
    try expectBroadcast(operation, a, b, output: (.bool, .none), sourceLocation: location) { holds($0, $1) ? 1 : 0 }
  }

  /// All pairs of shapes, with few values so that many are equal.
  func broadcasts(_ element: ElementType, sourceLocation: SourceLocation = #_sourceLocation) throws {
    var generator = SeededGenerator(seed: 21)
    for (shapeA, shapeB) in Sizes.broadcasts(element) {
      func tensor(_ shape: [Int]) throws -> TestTensor {
        try TestTensor(integers: generator.integers(shape.reduce(1, *), in: -2...2), shape, as: element)
      }
      try check(try tensor(shapeA), try tensor(shapeB), sourceLocation)
    }
  }

  /// Every number with every other one: NaN has no place in any order, both zeros are equal.
  func comparesExtremes(_ element: ElementType, sourceLocation: SourceLocation = #_sourceLocation) throws {
    if let limits = element.integerLimits {
      // Beyond 2^53 a Double cannot tell neighbours apart; the ends of the range are farther from each other.
      let x = [limits.lowerBound, -1, 0, 1, limits.upperBound]
      try check(
        try TestTensor(integers: x, [5, 1], as: element), try TestTensor(integers: x, as: element), sourceLocation)
    } else {
      let x: [Double] = [.nan, -.infinity, -1, -0.0, 0, 1, .infinity]
      try check(
        try TestTensor(numbers: x, [7, 1], as: element), try TestTensor(numbers: x, as: element), sourceLocation)
    }
  }

  /// Quantised operands are compared as fixed-point numbers: exactly where the scales are powers of two; otherwise the relation may
  /// go either way only for real numbers that are the same within rounding.
  func comparesQuantised(
    _ element: ElementType, _ scales: (Float, Float), sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    try expectQuantizedBroadcast(
      operation, AffineForm(element, scale: scales.0, zeroPoint: 3), AffineForm(element, scale: scales.1, zeroPoint: 5),
      output: (.bool, .none), sourceLocation: sourceLocation)
    let isExact = scales.0.significand == 1 && scales.1.significand == 1
    for left in AffineForm.zeroPoints(element, scale: scales.0) {
      for right in AffineForm.zeroPoints(element, scale: scales.1) {
        let a = stride(from: left.limits.lowerBound, through: left.limits.upperBound, by: left.limits.count / 28)
        let b = stride(from: right.limits.lowerBound, through: right.limits.upperBound, by: right.limits.count / 23)
        let result = try run(
          operation, [left.tensor(Array(a), [a.underestimatedCount, 1]), right.tensor(Array(b))],
          outputs: [(.bool, .none)], sourceLocation: sourceLocation)[0].integers
        var index = 0
        for p in a {
          for q in b {
            let (x, y) = (left.real(p), right.real(q))
            let isDecided = isExact || abs(x - y) > 0.01 * Double(max(scales.0, scales.1))
            if isDecided, result[index] != (holds(x, y) ? 1 : 0) {
              Issue.record("\(x) and \(y) give \(result[index])", sourceLocation: sourceLocation)
            }
            index += 1
          }
        }
      }
    }
  }

  /// Neighbours that no floating type tells apart.
  func comparesWideIntegers(sourceLocation: SourceLocation = #_sourceLocation) throws {
    let a = try TestTensor([Int64.max, .max, .max - 1, .min, .min])
    let b = try TestTensor([Int64.max, .max - 1, .max, .min + 1, .min])
    let result = try run(operation, [a, b], outputs: [(.bool, .none)], sourceLocation: sourceLocation)[0]
    // The relation holds as it does for the signs of the differences.
    #expect(
      result.integers == [0, 1, -1, -1, 0].map { holds($0, 0) ? 1 : 0 }, sourceLocation: sourceLocation)
  }

  /// Equality looks at the numbers that 16-bit integers stand for, order at the integers themselves.
  func comparesShortIntegers(sourceLocation: SourceLocation = #_sourceLocation) throws {
    guard !isEquality else {
      try comparesQuantised(.int16, (0.5, 0.125), sourceLocation: sourceLocation)
      try comparesQuantised(.int16, (1, 1), sourceLocation: sourceLocation)
      return
    }
    let (p, q) = ([5, 5, -9], [5, 4, -8])
    let a = try AffineForm(.int16, scale: 0.5, zeroPoint: 0).tensor(p)
    let b = try AffineForm(.int16, scale: 8, zeroPoint: 100).tensor(q)
    let result = try run(operation, [a, b], outputs: [(.bool, .none)], sourceLocation: sourceLocation)[0]
    #expect(
      result.integers == zip(p, q).map { holds(Double($0), Double($1)) ? 1 : 0 }, sourceLocation: sourceLocation)
  }

  /// Of a relation of equality: every byte but zero is true, and strings are equal where all their bytes are.
  func comparesTruthAndStrings(sourceLocation: SourceLocation = #_sourceLocation) throws {
    func check(_ a: TestTensor, _ b: TestTensor, areEqual: [Bool]) throws {
      let result = try run(operation, [a, b], outputs: [(.bool, .none)], sourceLocation: sourceLocation)[0]
      #expect(result.bytes == areEqual.map { holds($0 ? 0 : 1, 0) ? 1 : 0 }, sourceLocation: sourceLocation)
    }
    try check(
      TestTensor([0, 1, 2, 255, 0] as [UInt8], element: .bool),
      TestTensor([0, 2, 1, 0, 128] as [UInt8], element: .bool), areEqual: [true, true, true, false, false])
    let a = try TestTensor(strings: ["ab", "", "abc"])
    try check(a, TestTensor(strings: ["ab", "x", "abd"]), areEqual: [true, false, false])
    try check(a, TestTensor(strings: ["abc"]), areEqual: [false, false, true])
    try check(
      a, TestTensor(strings: ["", "\u{e9}"], [2, 1]), areEqual: [false, true, false, false, false, false])
    try check(a, TestTensor(strings: [], [0, 1]), areEqual: [])
    for missing in [1, 5, 9, 20, 22] {
      var broken = try TestTensor(strings: ["ab", "x", "abd"])
      broken.bytes.removeLast(missing)
      expectRejection(
        .malformed, of: operation, [a, broken], outputs: [(.bool, .none)], "\(missing) bytes missing",
        sourceLocation: sourceLocation)
    }
  }

  func refusesOtherOperands(sourceLocation: SourceLocation = #_sourceLocation) throws {
    try expectElementwiseRejections(
      operation, supported: supported, inputs: 2, output: .bool, sourceLocation: sourceLocation)
    for element in Self.quantisedTypes {
      try expectSoundQuantization(
        operation, element, inputs: 2, output: (.bool, .none), sourceLocation: sourceLocation)
      try expectSurvivalOfExtremeScales(
        operation, element, inputs: 2, output: .bool, sourceLocation: sourceLocation)
    }
  }
}
