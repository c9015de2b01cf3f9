import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct NegTests {
  private let operation = Neg(options: .defaults)

  @Test(arguments: ElementType.reals) func flipsTheSign(_ element: ElementType) throws {
    try expectRealFunctionOverSizes(operation, element, in: -9...9, tolerance: 0) { -$0 }
    try expectNumbers(
      operation, element, [.nan, -.infinity, .infinity, -0.0, 0, -1e-6], [.nan, .infinity, -.infinity, 0, -0.0, 1e-6])
  }

  @Test(arguments: [ElementType.int8, .int16, .int32, .int64])
  func leavesTheSmallestInteger(_ element: ElementType) throws {
    let limits = try #require(element.integerLimits)
    for dimensions in Sizes.lengths.map({ [$0] }) + Sizes.shapes {
      let x = (0..<dimensions.reduce(1, *)).map { index in
        [limits.lowerBound, limits.upperBound, 0, 1, -1, limits.lowerBound + 1][index % 6]
      }
      let result = try run(
        operation, [TestTensor(integers: x, dimensions, as: element)], outputs: [(element, .none)])[0]
      #expect(result.type.shape.dimensions == dimensions)
      #expect(result.integers == x.map { $0 == limits.lowerBound ? $0 : -$0 })
    }
  }

  /// Quantised operands are negated as the integers they are, whatever their zero point.
  @Test func ignoresTheQuantisation() throws {
    for form in AffineForm.zeroPoints(.int8, scale: 0.5) {
      let result = try run(operation, [form.tensor(form.everyInteger)], outputs: [form.output])[0]
      #expect(result.integers == form.everyInteger.map { $0 == -128 ? -128 : -$0 })
    }
  }

  @Test func refusesOtherOperands() throws {
    try expectElementwiseRejections(operation, supported: ElementType.reals + [.int8, .int16, .int32, .int64])
  }
}
