import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct UnsortedSegmentMinTests {
  private let oracle = SegmentOracle(
    operation: UnsortedSegmentMin(options: .defaults), floats: (.greatestFiniteMagnitude, { min($0, $1) }),
    integers: (.max, { min($0, $1) }))

  @Test func reducesSegments() throws { try oracle.checkAll() }

  @Test func refusesWhatDoesNotFit() throws { try oracle.checkRefusals() }

  @Test func takesNaNAndInfinity() throws {
    #expect(try oracle.reduce([.infinity]) == .greatestFiniteMagnitude)
    #expect(try oracle.reduce([1, .nan, -3, .nan]) == -3)
  }
}
