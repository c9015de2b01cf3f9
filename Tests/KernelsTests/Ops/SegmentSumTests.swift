import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct SegmentSumTests {
  private func sum(_ x: TestTensor, _ segments: [Int32]) throws -> TestTensor {
    try run(
      SegmentSum(options: .defaults), [x, TestTensor(segments)], outputs: [(x.type.element, .none)], threads: 2)[0]
  }

  @Test(arguments: [1, 3, 4, 5, 11, 130]) func addsSlices(length: Int) throws {
    let segments: [Int32] = [0, 0, 1, 2, 2, 2]
    var generator = SeededGenerator(seed: 2)
    let x = generator.floats(6 * length)
    let result = try sum(TestTensor(x, [6, length]), segments)
    #expect(result.type.shape.dimensions == [3, length])
    let expected = (0..<3 * length).map { place in
      segments.indices.filter { segments[$0] == place / length }.reduce(Float(0)) {
        $0 + x[$1 * length + place % length]
      }
    }
    #expect(result.floats == expected)
  }

  @Test func integersWrap() throws {
    let result = try sum(TestTensor([.max, 1, 5] as [Int32]), [0, 0, 1])
    #expect(result.values(Int32.self) == [.min, 5])
  }

  @Test func takesEmptyTensors() throws {
    #expect(try sum(TestTensor([Float](), [0, 3]), []).type.shape.dimensions == [0, 3])
    #expect(try sum(TestTensor([Float](), [2, 0]), [0, 1]).type.shape.dimensions == [2, 0])
  }

  @Test(arguments: [[1, 2, 3], [0, 2, 2], [0, 1, 0], [-1, 0, 1], [0, 1], [0, 1, 2, 3]] as [[Int32]])
  func refusesSegmentsOutOfOrder(segments: [Int32]) throws {
    #expect(throws: OperatorError.self) { try sum(TestTensor([1, 2, 3] as [Float]), segments) }
  }

  @Test func refusesOtherTypes() throws {
    #expect(throws: OperatorError.self) { try sum(TestTensor([1] as [Int64]), [0]) }
    #expect(throws: OperatorError.self) { try sum(TestTensor([1] as [Float], []), [0]) }
    #expect(throws: OperatorError.self) {
      try run(
        SegmentSum(options: .defaults), [TestTensor([1] as [Float]), TestTensor([0] as [Int64])],
        outputs: [(.float32, .none)])
    }
  }
}
