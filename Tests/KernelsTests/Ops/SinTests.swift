import Foundation
import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct SinTests {
  private let operation = Sin(options: .defaults)

  @Test(arguments: ElementType.reals) func matchesDoublePrecision(_ element: ElementType) throws {
    try expectRealFunctionOverSizes(operation, element, in: -9...9, least: 1e-3) { sin($0) }
  }

  /// Many turns away, the argument must be reduced exactly.
  @Test func reducesLargeArguments() throws {
    let x: [Float] = [1e3, -1e5, 1e7, 123_456_792, 1e20, -3e38]
    try expectRealFunction(operation, .float32, x.map { Double($0) }, least: 1e-3) { sin($0) }
  }

  @Test(arguments: ElementType.reals) func hasNoValueAtInfinity(_ element: ElementType) throws {
    try expectNumbers(operation, element, [.nan, .infinity, -.infinity, 0, -0.0], [.nan, .nan, .nan, 0, -0.0])
  }

  /// Near zero the sine is its argument.
  @Test func keepsTheSmallest() throws {
    let x = [1e-45, -1e-40, 1e-20].map { Double(Float($0)) }
    try expectNumbers(operation, .float32, x, x)
  }

  @Test func refusesOtherOperands() throws {
    try expectElementwiseRejections(operation, supported: ElementType.reals)
  }
}
