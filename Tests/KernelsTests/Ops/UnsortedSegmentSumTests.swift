import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct UnsortedSegmentSumTests {
  private let oracle = SegmentOracle(
    operation: UnsortedSegmentSum(options: .defaults), floats: (0, { $0 + $1 }), integers: (0, { $0 &+ $1 }))

  @Test func reducesSegments() throws { try oracle.checkAll() }

  @Test func refusesWhatDoesNotFit() throws { try oracle.checkRefusals() }

  @Test func takesNaNAndInfinity() throws {
    #expect(try oracle.reduce([1, .infinity]) == .infinity)
    #expect(try oracle.reduce([1, .nan]).isNaN)
  }
}
