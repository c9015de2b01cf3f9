import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct ZerosLikeTests {
  private let operation = ZerosLike(options: .defaults)

  @Test(arguments: ElementType.movable) func fillsWithZeros(_ element: ElementType) throws {
    for dimensions in Sizes.lengths.map({ [$0] }) + Sizes.shapes {
      let input = Grid(dimensions, of: element)
      try expectMoved(operation, element, [input.tensor(element)], [Grid(dimensions) { _ in 0 }])
    }
  }

  /// What the input holds does not matter, and the zeros are positive ones.
  @Test func ignoresTheValues() throws {
    let result = try run(
      operation, [TestTensor([.nan, -.infinity, -0.0, 1] as [Float])], outputs: [(.float32, .none)])[0]
    #expect(result.values(UInt32.self) == [0, 0, 0, 0])
  }

  @Test func refusesOtherOperands() throws {
    try expectElementwiseRejections(operation, supported: ElementType.movable)
  }
}
