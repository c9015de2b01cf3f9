import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct LessEqualTests {
  private let checks = ComparisonChecks(operation: LessEqual(options: .defaults)) { $0 <= $1 }

  @Test(arguments: ComparisonChecks.plainTypes) func broadcasts(_ element: ElementType) throws {
    try checks.broadcasts(element)
  }

  @Test(arguments: ComparisonChecks.plainTypes) func comparesExtremes(_ element: ElementType) throws {
    try checks.comparesExtremes(element)
  }

  @Test(arguments: [ElementType.int8, .uint8], [(Float(0.5), Float(0.5)), (0.5, 0.125), (0.3, 0.07)])
  func comparesQuantisedIntegersAsRealNumbers(_ element: ElementType, _ scales: (Float, Float)) throws {
    try checks.comparesQuantised(element, scales)
  }

  @Test func refusesOtherOperands() throws { try checks.refusesOtherOperands() }

  /// Ordered comparisons look at 16-bit integers, not at the numbers these stand for.
  @Test func ignoresTheQuantisationOfShortIntegers() throws {
    let a = AffineForm(.int16, scale: 0.5, zeroPoint: 0)
    let b = AffineForm(.int16, scale: 8, zeroPoint: 100)
    let result = try run(
      LessEqual(options: .defaults), [try a.tensor([5, 5, -9]), try b.tensor([5, 4, -8])], outputs: [(.bool, .none)])[0]
    #expect(result.integers == [1, 0, 1])
  }

  /// Neighbours that no floating type tells apart.
  @Test func comparesWideIntegersExactly() throws {
    let a = try TestTensor([Int64.max, .max, .max - 1])
    let b = try TestTensor([Int64.max, .max - 1, .max])
    let result = try run(LessEqual(options: .defaults), [a, b], outputs: [(.bool, .none)])[0]
    #expect(result.integers == [1, 0, 1])
  }
}
