import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct MaximumTests {
  private let operation = Maximum(options: .defaults)
  static let types: [ElementType] = [.float32, .float16, .bfloat16, .int8, .uint8, .int16, .int32, .int64]

  @Test(arguments: types) func broadcasts(_ element: ElementType) throws {
    var generator = SeededGenerator(seed: 61)
    for (shapeA, shapeB) in Sizes.broadcasts(element) {
      func tensor(_ shape: [Int]) throws -> TestTensor {
        try TestTensor(integers: generator.integers(shape.reduce(1, *), in: 0...99), shape, as: element)
      }
      try expectBroadcast(operation, try tensor(shapeA), try tensor(shapeB)) { $0 > $1 ? $0 : $1 }
    }
  }

  @Test(arguments: types) func comparesExtremes(_ element: ElementType) throws {
    guard let limits = element.integerLimits else { return }
    let x = [limits.lowerBound, limits.lowerBound + 1, 0, 1, limits.upperBound - 1, limits.upperBound]
    let result = try run(
      operation, [TestTensor(integers: x, [6, 1], as: element), TestTensor(integers: x, as: element)],
      outputs: [(element, .none)])[0]
    #expect(result.integers == x.flatMap { a in x.map { b in max(a, b) } })
  }

  /// Where a comparison with NaN decides, and between zeros, the element of input 1 is taken.
  @Test(arguments: ElementType.reals) func takesTheSecondWhereNothingIsLarger(_ element: ElementType) throws {
    let x: [Double] = [.nan, -.infinity, -1, -0.0, 0, 1, .infinity]
    let a = try TestTensor(numbers: x, [7, 1], as: element)
    let result = try run(operation, [a, TestTensor(numbers: x, as: element)], outputs: [(element, .none)])[0].numbers
    let expected = x.flatMap { a in x.map { b in a > b ? a : b } }
    for (actual, expected) in zip(result, expected) {
      #expect(expected.isNaN ? actual.isNaN : actual == expected && actual.sign == expected.sign)
    }
  }

  /// Quantised operands of one scale are compared as integers.
  @Test(arguments: [ElementType.int8, .uint8, .int16]) func comparesQuantisedIntegers(_ element: ElementType) throws {
    for form in AffineForm.zeroPoints(element, scale: 0.1) {
      let a = form.everyInteger
      let b = Array(a.reversed())
      let result = try run(operation, [form.tensor(a), form.tensor(b)], outputs: [form.output])[0]
      #expect(result.integers == zip(a, b).map { max($0, $1) })
    }
  }

  @Test func refusesOtherOperands() throws {
    try expectElementwiseRejections(operation, supported: Self.types, inputs: 2)
  }
}
