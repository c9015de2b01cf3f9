import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct RankTests {
  private let operation = Rank(options: .defaults)

  @Test(arguments: ElementType.allCases) func countsDimensions(_ element: ElementType) throws {
    for dimensions in Sizes.shapes {
      let result = try run(operation, [TestTensor(zeros: element, dimensions)], outputs: [(.int32, .none)])[0]
      #expect(result.type.shape == .scalar)
      #expect(result.integers == [dimensions.count])
    }
  }

  @Test func refusesOtherOperands() throws {
    let inputs = [try TestTensor(zeros: .float32, [2])]
    for element in ElementType.allCases where element != .int32 {
      expectRejection(.malformed, of: operation, inputs, outputs: [(element, .none)], "\(element)")
    }
    expectOperandCounts(operation, inputs, outputs: [(.int32, .none)])
  }
}
