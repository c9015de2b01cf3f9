import Foundation
import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct LogisticTests {
  private let operation = Logistic(options: .defaults)

  private func oracle(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

  @Test(arguments: ElementType.reals) func matchesDoublePrecision(_ element: ElementType) throws {
    try expectRealFunctionOverSizes(operation, element, in: -9...9, oracle)
  }

  /// Small results keep their precision as long as floats do.
  @Test func decreasesGradually() throws {
    try expectRealFunction(operation, .float32, (-85...20).map { Double($0) }, least: 1e-37, oracle)
  }

  @Test(arguments: ElementType.reals) func saturates(_ element: ElementType) throws {
    try expectNumbers(
      operation, element, [.nan, .infinity, -.infinity, 0, -0.0, 200, -200], [.nan, 1, 0, 0.5, 0.5, 1, 0])
  }

  @Test(arguments: [ElementType.int8, .uint8], [Float(0.02), 0.1, 3]) func matchesOnQuantisedIntegers(
    _ element: ElementType, _ scale: Float
  ) throws {
    for input in AffineForm.zeroPoints(element, scale: scale) {
      for output in AffineForm.zeroPoints(element, scale: 1.0 / 256) {
        try expectQuantizedFunction(operation, from: input, to: output, steps: 0.51, oracle)
      }
    }
  }

  /// Straight lines between 256 points: within a few steps of 1/32768.
  @Test(arguments: [Float(0x1p-12), 0x1p-11, 0x1p-15, 0.0003, 0.001, 0.00001]) func interpolatesShortIntegers(
    _ scale: Float
  )
    throws
  {
    try expectQuantizedFunction(
      operation, from: AffineForm(.int16, scale: scale, zeroPoint: 0),
      to: AffineForm(.int16, scale: 1.0 / 32768, zeroPoint: 0), steps: 8, oracle)
  }

  @Test(arguments: [ElementType.int8, .uint8, .int16]) func refusesOutputScales(_ element: ElementType) throws {
    let input = AffineForm(element, scale: 0.1, zeroPoint: 0)
    for scale: Float in [1.0 / 255, 1.0 / 128, 1] {
      let output = AffineForm(element, scale: scale, zeroPoint: 0)
      expectRejection(.malformed, of: operation, [try input.tensor([1])], outputs: [output.output])
    }
    try expectSoundQuantization(operation, element)
    try expectSurvivalOfExtremeScales(operation, element)
  }

  @Test(arguments: [ElementType.int8, .uint8]) func readsUnquantisedIntegersAsZeros(_ element: ElementType) throws {
    let input = try TestTensor(integers: [0, 1, 100], as: element)
    let output = AffineForm(element, scale: 1.0 / 256, zeroPoint: element == .int8 ? -128 : 0)
    let result = try run(operation, [input], outputs: [output.output])[0]
    #expect(result.integers == [Int](repeating: output.zeroPoint + 128, count: 3))
  }

  /// Extreme input scales, with the output's as it must be.
  @Test(arguments: extremeScales, [ElementType.int8, .uint8, .int16]) func survivesExtremeScales(
    _ scale: Float, _ element: ElementType
  ) throws {
    let input = AffineForm(element, scale: scale, zeroPoint: 0)
    let output = AffineForm(element, scale: element == .int16 ? 1.0 / 32768 : 1.0 / 256, zeroPoint: 0)
    let integers = [input.limits.lowerBound, 0, 1, input.limits.upperBound]
    let result = try run(operation, [input.tensor(integers)], outputs: [output.output])[0].integers
    // The reference kernel's 16-bit factors wrap at the ends.
    #expect(element == .int16 || result == result.sorted())
  }

  @Test func refusesOtherOperands() throws {
    try expectElementwiseRejections(operation, supported: ElementType.reals + [.int8, .uint8, .int16])
  }
}
