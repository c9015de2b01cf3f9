import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct SumTests {
  private static func make(_ options: OperatorOptions) throws -> any Operator { try Sum(options: options) }

  @Test(arguments: ReductionCase.all) func addsFloats(_ item: ReductionCase) throws {
    var generator = SeededGenerator(seed: 44)
    let x = generator.floats(item.count, in: -2...3)
    let result = try item.run(Self.make, TestTensor(x, item.dimensions))
    let expected = item.groups.map { places in Float(places.reduce(0.0) { $0 + Double(x[$1]) }) }
    expectClose(result.floats, expected, tolerance: 2e-6)
  }

  @Test(arguments: ReductionCase.all, [ElementType.int32, .int64])
  func wrapsIntegers(_ item: ReductionCase, _ element: ElementType) throws {
    var generator = SeededGenerator(seed: 45)
    let limits = try #require(element.integerLimits)
    let x = generator.integers(item.count, in: limits)
    let result = try item.run(Self.make, TestTensor(integers: x, item.dimensions, as: element))
    let expected = item.groups.map { places in places.reduce(0) { $0 &+ x[$1] } }
    #expect(result.integers == expected.map { element == .int32 ? Int(Int32(truncatingIfNeeded: $0)) : $0 })
  }

  @Test(arguments: [ElementType.int8, .uint8, .int16], [Float(0.25), 1.7, 9])
  func addsQuantisedIntegers(_ element: ElementType, _ scale: Float) throws {
    var generator = SeededGenerator(seed: 46)
    for item in ReductionCase.some {
      for input in AffineForm.zeroPoints(element, scale: 0.25) {
        for output in AffineForm.zeroPoints(element, scale: scale) {
          let x = generator.integers(item.count, in: input.limits)
          let result = try item.run(Self.make, input.tensor(x, item.dimensions), output: output.output)
          expectQuantized(result, output, item.groups.map { places in places.reduce(0.0) { $0 + input.real(x[$1]) } })
        }
      }
    }
  }

  @Test func takesInfinitiesAndNaN() throws {
    let x: [Float] = [.infinity, 1, .infinity, -.infinity, .nan, 0, 3e38, 3e38]
    let result = try ReductionCase([4, 2], [1]).run(Self.make, TestTensor(x, [4, 2])).floats
    expectClose(result, [.infinity, .nan, .nan, .infinity])
  }

  @Test(arguments: [ElementType.int8, .uint8, .int16]) func readsUnquantisedIntegersAsZeros(_ element: ElementType)
    throws
  {
    try ReductionCase.expectZeroOfUnquantized(Self.make, element)
  }

  @Test(arguments: [ElementType.int8, .uint8, .int16]) func refusesUnsoundQuantisation(_ element: ElementType) throws {
    try ReductionCase.expectSoundQuantization(Self.make, [element])
    try ReductionCase.expectSurvivalOfExtremeScales(Self.make, element)
  }

  @Test func refusesOtherOperands() throws {
    try ReductionCase.expectRejections(Self.make, supported: [.float32, .bool, .int32, .int64, .int8, .uint8, .int16])
  }
}
