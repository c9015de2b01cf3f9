import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct FloorModTests {
  private static let types: [ElementType] = [.float32, .int8, .int16, .int32, .int64]
  private let operation = FloorMod(options: .defaults)

  /// The remainder of the quotient rounded down, exact in double precision for these numbers.
  @Test(arguments: types) func broadcasts(_ element: ElementType) throws {
    var generator = SeededGenerator(seed: 34)
    for (shapeA, shapeB) in Sizes.broadcasts(element) {
      let a = generator.integers(shapeA.reduce(1, *), in: -120...120).map { Double($0) * 0.25 }
      let b = generator.integers(shapeB.reduce(1, *), in: 1...9).map { Double($0 % 2 == 0 ? $0 : -$0) }
      try expectBroadcast(
        operation, TestTensor(numbers: a, shapeA, as: element), TestTensor(numbers: b, shapeB, as: element)
      ) { $0 - ($0 / $1).rounded(.down) * $1 }
    }
  }

  @Test func takesInfinitiesAndNaN() throws {
    let a = try TestTensor([.nan, 1, .infinity, 5, -5, 5, 0, -0.0] as [Float])
    let b = try TestTensor([1, .nan, 2, .infinity, .infinity, 0, 3, 3] as [Float])
    expectClose(
      try run(operation, [a, b], outputs: [(.float32, .none)])[0].floats,
      [.nan, .nan, .nan, 5, .infinity, .nan, 0, 0])
  }

  /// Where the remainder is 0 its sign is the dividend's, elsewhere it is the divisor's.
  @Test func signsRemaindersLikeTheDivisor() throws {
    let a = try TestTensor([7, -7, 7, -7, 6, -6] as [Float])
    let b = try TestTensor([3, 3, -3, -3, -3, 3] as [Float])
    let result = try run(operation, [a, b], outputs: [(.float32, .none)])[0].floats
    #expect(result == [1, 2, -2, -1, 0, 0])
    #expect(result[4].sign == .plus && result[5].sign == .minus)
  }

  @Test(arguments: [ElementType.int8, .int16, .int32, .int64]) func takesTheEnds(_ element: ElementType) throws {
    let limits = try #require(element.integerLimits)
    let (low, high) = (limits.lowerBound, limits.upperBound)
    let a = try TestTensor(integers: [low, high, high, low, 1, -1], as: element)
    let b = try TestTensor(integers: [1, -1, low, high, low, high], as: element)
    #expect(
      try run(operation, [a, b], outputs: [(element, .none)])[0].integers
        == [0, 0, -1, high - 1, low + 1, high - 1])
  }

  @Test(arguments: [ElementType.int8, .int16, .int32, .int64]) func refusesZeroDivisors(_ element: ElementType) throws {
    for divisors in [[4, 5, 0], [0]] {
      expectRejection(
        .invalidValue, of: operation,
        [try TestTensor(integers: [1, 2, 3], as: element), try TestTensor(integers: divisors, as: element)],
        outputs: [(element, .none)])
    }
  }

  /// The smallest number divided by -1 has no quotient; apart from each other both are fine. Narrower types divide as `int32`.
  @Test(arguments: [ElementType.int8, .int16, .int32, .int64])
  func refusesRemaindersOfQuotientsThatDoNotExist(_ element: ElementType) throws {
    let low = try #require(element.integerLimits).lowerBound
    let a = try TestTensor(integers: [5, low], as: element)
    func divisors(_ values: [Int]) throws -> TestTensor { try TestTensor(integers: values, as: element) }
    if element == .int32 || element == .int64 {
      for b in [[-1, -1], [-1], [3, -1]] {
        expectRejection(.invalidValue, of: operation, [a, try divisors(b)], outputs: [(element, .none)])
      }
    } else {
      #expect(try run(operation, [a, divisors([-1])], outputs: [(element, .none)])[0].integers == [0, 0])
    }
    #expect(try run(operation, [a, divisors([-1, 1])], outputs: [(element, .none)])[0].integers == [0, 0])
  }

  @Test func refusesOtherOperands() throws {
    try expectElementwiseRejections(operation, supported: Self.types, inputs: 2)
  }
}
