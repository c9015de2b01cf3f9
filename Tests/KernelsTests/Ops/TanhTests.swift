import Foundation
import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct TanhTests {
  private let operation = Tanh(options: .defaults)

  @Test(arguments: ElementType.reals) func matchesDoublePrecision(_ element: ElementType) throws {
    try expectRealFunctionOverSizes(operation, element, in: -9...9) { tanh($0) }
  }

  @Test(arguments: ElementType.reals) func endsAtOneAndKeepsZeros(_ element: ElementType) throws {
    try expectNumbers(
      operation, element, [.nan, .infinity, -.infinity, 60, -60, 0, -0.0], [.nan, 1, -1, 1, -1, 0, -0.0])
  }

  /// Near zero the tangent is its argument.
  @Test func keepsTheSmallest() throws {
    let x = [1e-45, -1e-40, 1e-20, 1e-5].map { Double(Float($0)) }
    try expectRealFunction(operation, .float32, x, least: 1e-45) { tanh($0) }
  }

  @Test(arguments: [ElementType.int8, .uint8], [Float(0.02), 0.1, 3])
  func matchesOnQuantisedBytes(_ element: ElementType, _ scale: Float) throws {
    for input in AffineForm.zeroPoints(element, scale: scale) {
      for output in AffineForm.zeroPoints(element, scale: 1.0 / 128) {
        try expectQuantizedFunction(operation, from: input, to: output, steps: 0.51) { tanh($0) }
      }
    }
  }

  /// Also where the scale is not a power of two.
  @Test(arguments: [0x1p-12, 0x1p-13, 0x1p-15, 0.0003, 0.001] as [Float])
  func interpolatesShortIntegers(_ scale: Float) throws {
    try expectQuantizedFunction(
      operation, from: AffineForm(.int16, scale: scale, zeroPoint: 0),
      to: AffineForm(.int16, scale: 1.0 / 32768, zeroPoint: 0), steps: 12
    ) { tanh($0) }
  }

  @Test(arguments: [ElementType.int8, .uint8]) func readsUnquantisedIntegersAsZeros(_ element: ElementType) throws {
    try expectZeroOfUnquantized(operation, element)
  }

  @Test(arguments: [ElementType.int8, .uint8, .int16]) func refusesUnsoundQuantisation(_ element: ElementType) throws {
    try expectSoundQuantization(operation, element)
    try expectSurvivalOfExtremeScales(operation, element)
    let skewed = AffineForm(.int16, scale: 1.0 / 32768, zeroPoint: 3)
    expectRejection(.malformed, of: operation, [try skewed.tensor([4])], outputs: [skewed.output])
  }

  @Test func refusesOtherOperands() throws {
    try expectElementwiseRejections(operation, supported: ElementType.reals + [.int8, .uint8, .int16])
  }
}
