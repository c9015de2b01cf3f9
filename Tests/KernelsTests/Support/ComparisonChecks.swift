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
  var supported: [ElementType] { Self.plainTypes + [.int8, .uint8] + (isEquality ? [.bool, .string] : []) }

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

  func refusesOtherOperands(sourceLocation: SourceLocation = #_sourceLocation) throws {
    try expectElementwiseRejections(
      operation, supported: supported, inputs: 2, output: .bool, sourceLocation: sourceLocation)
    for element in [ElementType.int8, .uint8] {
      try expectSoundQuantization(
        operation, element, inputs: 2, output: (.bool, .none), sourceLocation: sourceLocation)
      try expectSurvivalOfExtremeScales(
        operation, element, inputs: 2, output: .bool, sourceLocation: sourceLocation)
    }
  }
}
