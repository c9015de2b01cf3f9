import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct SquaredDifferenceTests {
  private let operation = SquaredDifference(options: .defaults)

  @Test(arguments: [ElementType.float32, .int32]) func broadcasts(_ element: ElementType) throws {
    var generator = SeededGenerator(seed: 62)
    for (shapeA, shapeB) in Sizes.broadcasts(element) {
      func tensor(_ shape: [Int]) throws -> TestTensor {
        let numbers = generator.floats(shape.reduce(1, *), in: -99...99).map { Double($0) }
        return try TestTensor(numbers: numbers, shape, as: element)
      }
      try expectBroadcast(operation, try tensor(shapeA), try tensor(shapeB)) { a, b in
        // The difference is rounded before it is squared.
        let difference = element.rounded(a - b)
        return difference * difference
      }
    }
  }

  @Test func takesInfinitiesAndNaN() throws {
    let a = try TestTensor([.infinity, -.infinity, .nan, .infinity, 3e38, -0.0] as [Float])
    let b = try TestTensor([1, 1, 1, .infinity, -3e38, 0] as [Float])
    let result = try run(operation, [a, b], outputs: [(.float32, .none)])[0].floats
    expectClose(result, [.infinity, .infinity, .nan, .nan, .infinity, 0])
    #expect(result[5].sign == .plus)
  }

  @Test func wrapsIntegers() throws {
    let a: [Int32] = [.max, .min, .min, 65536, 46341, 0]
    let b: [Int32] = [.min, .max, 0, 0, 0, .min]
    let result = try run(operation, [TestTensor(a), TestTensor(b)], outputs: [(.int32, .none)])[0]
    #expect(result.values(Int32.self) == zip(a, b).map { ($0 &- $1) &* ($0 &- $1) })
  }

  @Test(arguments: [Float(0.05), 0.5, 9]) func squaresQuantisedDifferences(_ scale: Float) throws {
    for left in AffineForm.zeroPoints(.int8, scale: 0.05) {
      for right in AffineForm.zeroPoints(.int8, scale: 0.031) {
        for output in AffineForm.zeroPoints(.int8, scale: scale) {
          let a = left.everyInteger + left.everyInteger
          let b = right.everyInteger.map { _ in right.limits.lowerBound } + right.everyInteger.reversed()
          let result = try run(operation, [left.tensor(a), right.tensor(b)], outputs: [output.output])[0]
          let real = zip(a, b).map { left.real($0) - right.real($1) }
          expectQuantized(result, output, real.map { $0 * $0 })
        }
      }
    }
  }

  @Test func refusesUnsoundQuantisation() throws {
    try expectSoundQuantization(operation, .int8, inputs: 2)
    try expectSurvivalOfExtremeScales(operation, .int8, inputs: 2)
  }

  @Test func refusesOtherOperands() throws {
    try expectElementwiseRejections(operation, supported: [.float32, .int32, .int8], inputs: 2)
  }
}
