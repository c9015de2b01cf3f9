import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct SquareTests {
  private let operation = Square(options: .defaults)

  /// The exact square, rounded once.
  @Test(arguments: ElementType.reals) func squares(_ element: ElementType) throws {
    try expectRealFunctionOverSizes(operation, element, in: -9...9, tolerance: 0) { $0 * $0 }
  }

  @Test(arguments: ElementType.reals) func leavesTheRange(_ element: ElementType) throws {
    let largest = element == .float16 ? 65504.0 : 3e38
    try expectNumbers(
      operation, element, [.nan, .infinity, -.infinity, -0.0, 0, largest, -largest, -1],
      [.nan, .infinity, .infinity, 0, 0, .infinity, .infinity, 1])
  }

  @Test func losesSmallNumbersGradually() throws {
    let x = [1e-19, 1e-22, 1e-23, -1e-30].map { Double(Float($0)) }
    try expectNumbers(operation, .float32, x, x.map { $0 * $0 })
  }

  @Test func refusesOtherOperands() throws {
    try expectElementwiseRejections(operation, supported: ElementType.reals)
  }
}
