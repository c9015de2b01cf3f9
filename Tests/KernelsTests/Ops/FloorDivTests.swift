import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct FloorDivTests {
  private static let types: [ElementType] = [.float32, .int8, .int16, .int32]
  private let operation = FloorDiv(options: .defaults)

  @Test(arguments: types) func broadcasts(_ element: ElementType) throws {
    var generator = SeededGenerator(seed: 33)
    for (shapeA, shapeB) in Sizes.broadcasts(element) {
      let a = generator.floats(shapeA.reduce(1, *), in: -99...99).map { Double($0) }
      let b = generator.integers(shapeB.reduce(1, *), in: 1...9).map { Double($0 % 2 == 0 ? $0 : -$0) }
      try expectBroadcast(
        operation, TestTensor(numbers: a, shapeA, as: element), TestTensor(numbers: b, shapeB, as: element)
      ) { ($0 / $1).rounded(.down) }
    }
  }

  @Test func takesInfinitiesAndNaN() throws {
    let a = try TestTensor([.nan, 1, .infinity, -.infinity, 1, -1, -0.0, .infinity] as [Float])
    let b = try TestTensor([1, .nan, 2, 2, .infinity, .infinity, 5, .infinity] as [Float])
    let result = try run(operation, [a, b], outputs: [(.float32, .none)])[0].floats
    expectClose(result, [.nan, .nan, .infinity, -.infinity, 0, 0, 0, .nan])
    // The quotient itself is -0 here, so there is nothing to round.
    #expect(result[5].sign == .minus && result[6].sign == .minus)
  }

  /// The quotient of the smallest number by -1 wraps; every other quotient of the ends is rounded down.
  @Test(arguments: [ElementType.int8, .int16, .int32]) func dividesTheEnds(_ element: ElementType) throws {
    let limits = try #require(element.integerLimits)
    let (low, high) = (limits.lowerBound, limits.upperBound)
    let a = try TestTensor(integers: [low, low, high, high, low, 1, -1, 7, -7], as: element)
    let b = try TestTensor(integers: [-1, 1, -1, low, high, low, high, -2, 2], as: element)
    let result = try run(operation, [a, b], outputs: [(element, .none)])[0]
    #expect(result.integers == [low, low, -high, -1, -2, -1, -1, -4, -4])
  }

  @Test(arguments: types) func refusesZeroDivisors(_ element: ElementType) throws {
    for divisors in [[4, 5, 0], [0]] {
      expectRejection(
        .invalidValue, of: operation,
        [try TestTensor(integers: [1, 2, 3], as: element), try TestTensor(integers: divisors, as: element)],
        outputs: [(element, .none)])
    }
    let empty = try run(
      operation, [TestTensor(integers: [], as: element), TestTensor(integers: [1], as: element)],
      outputs: [(element, .none)])
    #expect(empty[0].bytes.isEmpty)
  }

  @Test func refusesOtherOperands() throws {
    try expectElementwiseRejections(operation, supported: Self.types, inputs: 2)
  }
}
