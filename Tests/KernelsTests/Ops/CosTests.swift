import Foundation
import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct CosTests {
  private let operation = Cos(options: .defaults)

  @Test(arguments: ElementType.reals) func matchesDoublePrecision(_ element: ElementType) throws {
    // Near the zeros of the cosine the error counts against 0.1.
    try expectRealFunctionOverSizes(operation, element, in: -9...9, least: 0.1) { cos($0) }
  }

  @Test func reducesLargeArguments() throws {
    try expectRealFunction(operation, .float32, [1e4, -1e5, 1e10, 3e30, -1e-30, 1.5707964], least: 0.1) { cos($0) }
  }

  @Test(arguments: ElementType.reals) func hasNoValueAtInfinity(_ element: ElementType) throws {
    try expectNumbers(operation, element, [.nan, .infinity, -.infinity, 0, -0.0], [.nan, .nan, .nan, 1, 1])
  }

  @Test func refusesOtherOperands() throws {
    try expectElementwiseRejections(operation, supported: ElementType.reals)
  }
}
