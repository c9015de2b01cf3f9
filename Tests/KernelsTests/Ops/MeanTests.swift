import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct MeanTests {
  private static func make(_ options: OperatorOptions) throws -> any Operator { try Mean(options: options) }

  @Test(arguments: ReductionCase.all) func averagesFloats(_ item: ReductionCase) throws {
    var generator = SeededGenerator(seed: 41)
    let x = generator.floats(item.count, in: -2...3)
    let result = try item.run(Self.make, TestTensor(x, item.dimensions))
    // Without elements: 0 / 0.
    let expected = item.groups.map { places in Float(places.reduce(0.0) { $0 + Double(x[$1]) } / Double(places.count)) }
    expectClose(result.floats, expected, tolerance: 2e-6)
  }

  @Test(arguments: ReductionCase.all, [ElementType.int32, .int64])
  func truncatesIntegers(_ item: ReductionCase, _ element: ElementType) throws {
    var generator = SeededGenerator(seed: 42)
    let x = generator.integers(item.count, in: Int(Int32.min)...Int(Int32.max))
    let result = try item.run(Self.make, TestTensor(integers: x, item.dimensions, as: element))
    let expected = item.groups.map { places in places.isEmpty ? 0 : places.reduce(0) { $0 + x[$1] } / places.count }
    #expect(result.integers == expected)
  }

  @Test(arguments: [ElementType.int8, .uint8, .int16], [Float(0.125), 0.3, 0.011])
  func averagesQuantisedIntegers(_ element: ElementType, _ scale: Float) throws {
    var generator = SeededGenerator(seed: 43)
    for item in ReductionCase.some {
      for input in AffineForm.zeroPoints(element, scale: 0.25) {
        for output in AffineForm.zeroPoints(element, scale: scale) {
          let x = generator.integers(item.count, in: input.limits)
          let result = try item.run(Self.make, input.tensor(x, item.dimensions), output: output.output)
          let expected = item.groups.map { places in
            places.reduce(0.0) { $0 + input.real(x[$1]) } / Double(places.count)
          }
          expectQuantized(result, output, expected)
        }
      }
    }
  }

  /// As many elements as divide the range of the sum, all at the ends.
  @Test(arguments: [ElementType.int8, .uint8]) func keepsTheEnds(_ element: ElementType) throws {
    for form in AffineForm.zeroPoints(element, scale: 1) {
      for end in [form.limits.lowerBound, form.limits.upperBound] {
        let item = ReductionCase([4096, 2], [0])
        let x = try form.tensor([Int](repeating: end, count: 8192), [4096, 2])
        #expect(try item.run(Self.make, x).integers == [end, end])
      }
    }
  }

  @Test func takesInfinitiesAndNaN() throws {
    let x: [Float] = [.infinity, 1, .infinity, -.infinity, .nan, 0, -0.0, -0.0]
    let result = try ReductionCase([4, 2], [1]).run(Self.make, TestTensor(x, [4, 2])).floats
    expectClose(result, [.infinity, .nan, .nan, 0])
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
    try ReductionCase.expectRejections(Self.make, supported: [.float32, .int32, .int64, .int8, .uint8, .int16])
  }
}
