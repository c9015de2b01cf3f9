import Foundation
import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct EluTests {
  private let operation = Elu(options: .defaults)

  private func oracle(_ x: Double) -> Double { x < 0 ? expm1(x) : x }

  @Test(arguments: ElementType.reals) func matchesDoublePrecision(_ element: ElementType) throws {
    try expectRealFunctionOverSizes(operation, element, in: -9...9, oracle)
    // No cancellation near 0.
    try expectRealFunction(operation, element, [-1e-4, -0.01, -0.3, 1e-4], least: 1e-5, oracle)
  }

  @Test(arguments: ElementType.reals) func saturatesBelow(_ element: ElementType) throws {
    try expectNumbers(
      operation, element, [.nan, .infinity, -.infinity, -200, 0, -0.0], [.nan, .infinity, -1, -1, 0, -0.0])
  }

  @Test(arguments: [Float(0.01), 0.1, 2]) func matchesOnQuantisedIntegers(_ scale: Float) throws {
    for input in AffineForm.zeroPoints(.int8, scale: scale) {
      for output in AffineForm.zeroPoints(.int8, scale: 0.02) {
        try expectQuantizedFunction(operation, from: input, to: output, steps: 0.51, oracle)
      }
    }
  }

  @Test func readsUnquantisedIntegersAsZeros() throws {
    try expectZeroOfUnquantized(operation, .int8)
  }

  @Test func refusesUnsoundQuantisation() throws {
    try expectSoundQuantization(operation, .int8)
    try expectSurvivalOfExtremeScales(operation, .int8)
  }

  @Test func refusesOtherOperands() throws {
    try expectElementwiseRejections(operation, supported: ElementType.reals + [.int8])
  }
}
