import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct ArgMinTests {
  private let checks = ArgumentChecks {
    try ArgMin(options: $0)
  } isBetter: {
    $0 < $1
  }

  @Test(arguments: ArgumentChecks.types, [ElementType.int32, .int64])
  func findsTheFirst(_ element: ElementType, _ indices: ElementType) throws {
    try checks.findsTheFirst(element, indices)
  }

  /// A NaN is chosen only where there is nothing else; zeros are equal whatever their sign.
  @Test func passesOverNaN() throws {
    func best(_ x: [Float]) throws -> Int { try checks.best(try TestTensor(x)) }
    #expect(try best([.nan, -5, .nan, -5, 0]) == 1)
    #expect(try best([.nan, .nan]) == 0)
    #expect(try best([.nan, .infinity]) == 1)
    #expect(try best([0, -0.0]) == 0)
    #expect(try best([-0.0, 0]) == 0)
    #expect(try best([1, -.infinity, -5]) == 1)
  }

  @Test(arguments: [ElementType.int8, .uint8, .int16, .int32]) func comparesTheEnds(_ element: ElementType) throws {
    let limits = try #require(element.integerLimits)
    let (low, high) = (limits.lowerBound, limits.upperBound)
    func best(_ x: [Int]) throws -> Int { try checks.best(try TestTensor(integers: x, as: element)) }
    #expect(try best([low + 1, high - 1, low, high]) == 2)
    #expect(try best([high, high]) == 0)
  }

  @Test func refusesAxes() throws { try checks.refusesAxes() }

  @Test func refusesOtherOperands() throws { try checks.refusesOtherOperands() }
}
