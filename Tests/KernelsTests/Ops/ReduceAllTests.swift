import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct ReduceAllTests {
  private static func make(_ options: OperatorOptions) throws -> any Operator { try ReduceAll(options: options) }

  /// Mostly true, so that both results occur; every byte but 0 is true.
  @Test(arguments: ReductionCase.all) func combinesTruthValues(_ item: ReductionCase) throws {
    var generator = SeededGenerator(seed: 52)
    let x = generator.integers(item.count, in: 0...9).map { $0 == 0 ? 0 : UInt8($0 * 28) }
    let result = try item.run(Self.make, TestTensor(x, item.dimensions, element: .bool))
    #expect(result.bytes == item.groups.map { places in places.allSatisfy { x[$0] != 0 } ? 1 : 0 })
  }

  /// One element that differs decides wherever it is.
  @Test(arguments: Sizes.lengths.dropFirst()) func seesEveryElement(_ count: Int) throws {
    for place in 0..<count {
      var x = [UInt8](repeating: 1, count: count)
      x[place] = 0
      let result = try ReductionCase([count], [0]).run(Self.make, TestTensor(x, element: .bool))
      #expect(result.bytes == [0])
    }
  }

  @Test func refusesOtherOperands() throws {
    try ReductionCase.expectRejections(Self.make, supported: [.bool])
  }
}
