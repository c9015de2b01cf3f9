import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct RoundTests {
  private let operation = Round(options: .defaults)

  @Test(arguments: ElementType.reals) func roundsToTheNearest(_ element: ElementType) throws {
    try expectRealFunctionOverSizes(operation, element, in: -9...9, tolerance: 0) { $0.rounded(.toNearestOrEven) }
  }

  @Test(arguments: ElementType.reals) func roundsTiesToEven(_ element: ElementType) throws {
    let ties = (-9...9).map { Double($0) + 0.5 }
    // Negative numbers that round to 0 give 0 without a sign, as in TFLite.
    try expectNumbers(operation, element, ties, ties.map { $0.rounded(.toNearestOrEven) + 0 })
    try expectNumbers(
      operation, element, [.nan, .infinity, -.infinity, -0.0, 0, -0.25, 0.25, -0.5, 0.5],
      [.nan, .infinity, -.infinity, -0.0, 0, 0, 0, 0, 0])
  }

  /// Around 2^22 and 2^23, where floats lose their fractions, and beyond.
  @Test func roundsLargeFloats() throws {
    let x = [
      0.49999997, 8_388_607.5, 8_388_608, 8_388_609, -8_388_607.5, 4_194_303.5, 4_194_304.5, -4_194_304.5, 1e10, -1e30,
      1e-45, -1e-45,
    ]
    let stored = x.map { Double(Float($0)) }
    try expectNumbers(operation, .float32, stored, stored.map { $0.rounded(.toNearestOrEven) + 0 })
  }

  @Test func refusesOtherOperands() throws {
    try expectElementwiseRejections(operation, supported: ElementType.reals)
  }
}
