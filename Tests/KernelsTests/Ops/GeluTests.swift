import Foundation
import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct GeluTests {
  private func operation(_ approximate: Bool) throws -> Gelu {
    try Gelu(options: .table([0: .bool(approximate)]))
  }

  private func oracle(_ x: Double, _ approximate: Bool) -> Double {
    approximate
      ? 0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
      : 0.5 * x * erfc(-x / 2.0.squareRoot())
  }

  @Test(arguments: [false, true]) func matchesDoublePrecision(_ approximate: Bool) throws {
    // The factor 1 + tanh(…) cancels where x is negative.
    try expectRealFunctionOverSizes(operation(approximate), .float32, in: -9...9, least: 1) { oracle($0, approximate) }
  }

  /// In half precision every step rounds, as in the reference kernel.
  @Test(arguments: [false, true]) func matchesInHalfPrecision(_ approximate: Bool) throws {
    try expectRealFunctionOverSizes(
      operation(approximate), .float16, in: -5...5, tolerance: 4.0 / 1024, least: 1
    ) { oracle($0, approximate) }
  }

  @Test(arguments: [false, true]) func takesLargeNumbers(_ approximate: Bool) throws {
    try expectNumbers(
      operation(approximate), .float32, [.nan, .infinity, 0, -0.0, 50, -50, 1e30],
      [.nan, .infinity, 0, -0.0, 50, -0.0, 1e30])
    // An infinite number times nothing.
    try expectNumbers(operation(approximate), .float32, [-.infinity], [.nan])
  }

  @Test(arguments: [ElementType.int8, .uint8], [false, true]) func matchesOnQuantisedIntegers(
    _ element: ElementType, _ approximate: Bool
  ) throws {
    for input in AffineForm.zeroPoints(element, scale: 0.03) {
      for output in AffineForm.zeroPoints(element, scale: 0.02) {
        try expectQuantizedFunction(operation(approximate), from: input, to: output, steps: 0.51) {
          oracle($0, approximate)
        }
      }
    }
  }

  /// The table of 16-bit results joins 513 points by straight lines.
  @Test(arguments: [false, true]) func interpolatesShortIntegers(_ approximate: Bool) throws {
    let form = AffineForm(.int16, scale: 4.0 / 32768, zeroPoint: 0)
    try expectQuantizedFunction(operation(approximate), from: form, to: form, steps: 4) { oracle($0, approximate) }
  }

  @Test(arguments: [ElementType.int8, .uint8, .int16]) func readsUnquantisedIntegersAsZeros(_ element: ElementType)
    throws
  {
    for approximate in [false, true] { try expectZeroOfUnquantized(operation(approximate), element) }
  }

  @Test(arguments: [ElementType.int8, .uint8, .int16]) func refusesUnsoundQuantisation(_ element: ElementType) throws {
    for approximate in [false, true] {
      try expectSoundQuantization(operation(approximate), element)
      try expectSurvivalOfExtremeScales(operation(approximate), element)
    }
  }

  @Test func refusesOtherOperands() throws {
    try expectElementwiseRejections(operation(false), supported: [.float32, .float16, .int8, .uint8, .int16])
  }
}
