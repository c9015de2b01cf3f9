import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct ReduceMaxTests {
  private static func make(_ options: OperatorOptions) throws -> any Operator { try ReduceMax(options: options) }

  @Test(arguments: ReductionCase.all) func findsTheGreatestFloat(_ item: ReductionCase) throws {
    var generator = SeededGenerator(seed: 47)
    let x = generator.floats(item.count, in: -2...3)
    let result = try item.run(Self.make, TestTensor(x, item.dimensions))
    #expect(result.floats == item.groups.map { places in places.map { x[$0] }.max() ?? -.greatestFiniteMagnitude })
  }

  @Test(arguments: ReductionCase.all, [ElementType.int8, .uint8, .int16, .int32, .int64])
  func findsTheGreatestInteger(_ item: ReductionCase, _ element: ElementType) throws {
    guard item.count < 5000 || element == .int8 else { return }
    var generator = SeededGenerator(seed: 48)
    let limits = try #require(element.integerLimits)
    let x = generator.integers(item.count, in: limits)
    let input = try TestTensor(integers: x, item.dimensions, as: element, quantization: .usual(for: element))
    let result = try item.run(Self.make, input)
    #expect(result.integers == item.groups.map { places in places.map { x[$0] }.max() ?? limits.lowerBound })
  }

  /// What compares with nothing is passed over, unless a reduction of everything begins with it.
  @Test func passesOverNaN() throws {
    let x: [Float] = [.nan, 1, 2, .nan, .nan, .nan, -.infinity, -.infinity]
    let rows = try ReductionCase([4, 2], [1]).run(Self.make, TestTensor(x, [4, 2])).floats
    let limit: Float = -.greatestFiniteMagnitude
    #expect(rows == [1, 2, limit, limit])
    let all = try ReductionCase([3], [0]).run(Self.make, TestTensor([-.infinity, -.infinity, .nan] as [Float])).floats
    #expect(all == [-.infinity])
    #expect(try ReductionCase([2], [0]).run(Self.make, TestTensor([Float.nan, 1])).floats[0].isNaN)
  }

  @Test(arguments: [ElementType.int8, .uint8, .int16]) func refusesAChangeOfQuantisation(_ element: ElementType) throws
  {
    let input = AffineForm(element, scale: 0.5, zeroPoint: 0)
    for quantization in [
      Quantization.none, .perTensor(scale: 0.25, zeroPoint: 0), .perTensor(scale: 0.5, zeroPoint: 1),
    ] {
      expectRejection(
        .malformed, of: try Self.make(.defaults), [try input.tensor([1]), try TestTensor([0] as [Int32])],
        outputs: [(element, quantization)])
    }
  }

  @Test func refusesOtherOperands() throws {
    try ReductionCase.expectRejections(Self.make, supported: [.float32, .bool, .int32, .int64, .int8, .uint8, .int16])
  }
}
