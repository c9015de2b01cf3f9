import Foundation
import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct LogTests {
  private let operation = Log(options: .defaults)

  @Test(arguments: ElementType.reals) func matchesDoublePrecision(_ element: ElementType) throws {
    try expectRealFunctionOverSizes(operation, element, in: 0.01...90, least: 0.01) { log($0) }
  }

  @Test(arguments: ElementType.reals) func hasNoValueBelowZero(_ element: ElementType) throws {
    try expectNumbers(
      operation, element, [.nan, .infinity, -.infinity, -1, 0, -0.0, 1],
      [.nan, .infinity, .nan, .nan, -.infinity, -.infinity, 0])
  }

  @Test func takesNumbersBelowTheSmallestNormalOne() throws {
    try expectRealFunction(operation, .float32, [1e-45, 1e-40, 1.1754944e-38, 3.4e38]) { log($0) }
  }

  @Test(arguments: [Float(0.01), 0.1, 2]) func matchesOnQuantisedIntegers(_ scale: Float) throws {
    for input in AffineForm.zeroPoints(.int8, scale: scale) {
      for output in AffineForm.zeroPoints(.int8, scale: 0.05) {
        // What is not positive gives the smallest result.
        try expectQuantizedFunction(operation, from: input, to: output, steps: 0.51) { $0 > 0 ? log($0) : -.infinity }
      }
    }
  }

  @Test func interpolatesShortIntegers() throws {
    let input = AffineForm(.int16, scale: 4.0 / 32768, zeroPoint: 0)
    let output = AffineForm(.int16, scale: 4.0 / 32768, zeroPoint: 0)
    // Near 0 the logarithm is too steep for a straight line between two of 513 points.
    let x = (input.everyInteger).filter { $0 <= 0 || $0 > 1024 }
    let result = try run(operation, [try input.tensor(x)], outputs: [output.output])[0]
    for (q, y) in zip(x, result.integers) {
      let expected = q <= -128 ? -32768 : output.place(log(input.real(q)))
      if q <= -128 || q > 0 { #expect(abs(Double(y) - expected) <= 40, "\(q)") }
    }
  }

  @Test(arguments: [ElementType.int8, .int16]) func refusesUnsoundQuantisation(_ element: ElementType) throws {
    try expectSoundQuantization(operation, element)
    try expectSurvivalOfExtremeScales(operation, element)
    let skewed = AffineForm(.int16, scale: 1, zeroPoint: 3)
    expectRejection(.malformed, of: operation, [try skewed.tensor([1])], outputs: [skewed.output])
  }

  @Test func refusesOtherOperands() throws {
    try expectElementwiseRejections(operation, supported: ElementType.reals + [.int8, .int16])
  }
}
