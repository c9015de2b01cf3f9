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

  @Test(arguments: ComparisonChecks.quantisedTypes, ComparisonChecks.scales)
  func comparesQuantisedIntegersAsRealNumbers(_ element: ElementType, _ scales: (Float, Float)) throws {
    try checks.comparesQuantised(element, scales)
  }

  @Test func comparesShortIntegers() throws { try checks.comparesShortIntegers() }

  @Test func comparesWideIntegersExactly() throws { try checks.comparesWideIntegers() }

  @Test func refusesOtherOperands() throws { try checks.refusesOtherOperands() }
}
