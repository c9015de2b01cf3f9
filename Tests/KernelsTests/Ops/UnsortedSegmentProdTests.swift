import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct UnsortedSegmentProdTests {
  private let oracle = SegmentOracle(
    operation: UnsortedSegmentProd(options: .defaults), floats: (1, { $0 * $1 }), integers: (1, { $0 &* $1 }))

  @Test func reducesSegments() throws { try oracle.checkAll() }

  @Test func refusesWhatDoesNotFit() throws { try oracle.checkRefusals() }

  @Test func takesNaNAndInfinity() throws {
    #expect(try oracle.reduce([-2, .infinity]) == -.infinity)
    #expect(try oracle.reduce([1, .nan]).isNaN)
  }
}
