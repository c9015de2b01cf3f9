import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct HardSwishTests {
  private let operation = HardSwish(options: .defaults)

  private func oracle(_ x: Double) -> Double { x * min(max(x + 3, 0), 6) / 6 }

  @Test func matchesDoublePrecision() throws {
    try expectRealFunctionOverSizes(operation, .float32, in: -9...9, least: 0.1, oracle)
    try expectRealFunction(operation, .float32, [-3, -3.0000002, 3, 2.9999998, -2.9999998, 1e-30]) { oracle($0) }
  }

  @Test func takesInfinitiesAndNaN() throws {
    // An infinite negative number times a closed gate.
    try expectNumbers(
      operation, .float32, [.nan, .infinity, -.infinity, 0, -0.0, 7, -7], [.nan, .infinity, .nan, 0, -0.0, 7, -0.0])
  }

  /// 16-bit arithmetic: an error of one step, and of what 1/128 of an input step becomes.
  @Test(arguments: [ElementType.int8, .uint8], [(Float(0.05), Float(0.04)), (0.02, 0.02), (0.1, 0.11)])
  func matchesOnQuantisedIntegers(_ element: ElementType, _ scales: (Float, Float)) throws {
    for input in AffineForm.zeroPoints(element, scale: scales.0) {
      for output in AffineForm.zeroPoints(element, scale: scales.1) {
        try expectQuantizedFunction(operation, from: input, to: output, steps: 1.1, oracle)
      }
    }
  }

  /// The arithmetic has no place for results in steps below 1/128 of the input's.
  @Test func refusesFineOutputs() throws {
    let input = AffineForm(.int8, scale: 1, zeroPoint: 0)
    expectRejection(
      .malformed, of: operation, [try input.tensor([1])],
      outputs: [AffineForm(.int8, scale: 0.001, zeroPoint: 0).output])
  }

  @Test(arguments: [ElementType.int8, .uint8]) func readsUnquantisedIntegersAsZeros(_ element: ElementType) throws {
    try expectZeroOfUnquantized(operation, element)
  }

  @Test(arguments: [ElementType.int8, .uint8]) func refusesUnsoundQuantisation(_ element: ElementType) throws {
    try expectSoundQuantization(operation, element)
    try expectSurvivalOfExtremeScales(operation, element)
  }

  @Test func refusesOtherOperands() throws {
    try expectElementwiseRejections(operation, supported: [.float32, .int8, .uint8])
  }
}
