import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct ReduceProdTests {
  private static func make(_ options: OperatorOptions) throws -> any Operator { try ReduceProd(options: options) }

  @Test(arguments: ReductionCase.all) func multipliesFloats(_ item: ReductionCase) throws {
    var generator = SeededGenerator(seed: 49)
    let x = generator.floats(item.count, in: 0.7...1.4)
    let result = try item.run(Self.make, TestTensor(x, item.dimensions)).floats
    for (actual, places) in zip(result, item.groups) {
      var product: Float = 1
      for place in places { product *= x[place] }
      // The product in the order of the elements.
      #expect(actual == product)
    }
  }

  @Test(arguments: ReductionCase.all, [ElementType.int8, .uint8, .int16, .int32, .int64])
  func wrapsIntegers(_ item: ReductionCase, _ element: ElementType) throws {
    guard item.count < 5000 || element == .int32 else { return }
    var generator = SeededGenerator(seed: 50)
    let limits = try #require(element.integerLimits)
    // Odd factors, so that products do not become 0.
    let x = generator.integers(item.count, in: limits).map { $0 | 1 }
    let result = try item.run(Self.make, TestTensor(integers: x, item.dimensions, as: element))
    let products = item.groups.map { places in places.reduce(1) { $0 &* x[$1] } }
    #expect(result.bytes == (try TestTensor(integers: products, as: element)).bytes)
  }

  /// Where the output's scale is the product of the inputs', products are exact but for the rounding of their sixteen-bit factors.
  @Test(arguments: [ElementType.int8, .int16], 1...4)
  func multipliesQuantisedIntegers(_ element: ElementType, _ count: Int) throws {
    var generator = SeededGenerator(seed: 51)
    for scale in [Float(0.5), 0.7] {
      for input in AffineForm.zeroPoints(element, scale: scale) where input.zeroPoint < 100 {
        let outputScale = (0..<count).reduce(1) { product, _ in product * scale }
        let output = AffineForm(element, scale: outputScale, zeroPoint: element == .int8 ? -20 : 11)
        let item = ReductionCase([8, count], [1])
        let x = generator.integers(item.count, in: -6...6).map {
          clamped(input.zeroPoint + $0, input.limits.lowerBound, input.limits.upperBound)
        }
        let result = try item.run(Self.make, input.tensor(x, item.dimensions), output: output.output)
        expectQuantized(
          result, output, item.groups.map { places in places.reduce(1.0) { $0 * input.real(x[$1]) } }, steps: 1.5)
      }
    }
  }

  @Test func takesInfinitiesAndNaN() throws {
    let x: [Float] = [.infinity, -2, .infinity, 0, .nan, 0, 3e38, 3e38, -0.0, 2]
    let result = try ReductionCase([5, 2], [1]).run(Self.make, TestTensor(x, [5, 2])).floats
    expectClose(result, [-.infinity, .nan, .nan, .infinity, 0])
    #expect(result[4].sign == .minus)
  }

  @Test(arguments: [ElementType.int8, .int16]) func refusesUnsoundQuantisation(_ element: ElementType) throws {
    try ReductionCase.expectSoundQuantization(Self.make, [element])
    try ReductionCase.expectSurvivalOfExtremeScales(Self.make, element)
  }

  @Test func refusesQuantisedUInt8() throws {
    let form = AffineForm(.uint8, scale: 0.5, zeroPoint: 3)
    expectRejection(
      .unsupported, of: try Self.make(.defaults), [try form.tensor([1]), try TestTensor([0] as [Int32])],
      outputs: [form.output])
  }

  @Test func refusesOtherOperands() throws {
    try ReductionCase.expectRejections(Self.make, supported: [.float32, .bool, .int32, .int64, .int8, .uint8, .int16])
  }
}
