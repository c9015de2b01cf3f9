import Foundation
import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct PowTests {
  private let operation = Pow(options: .defaults)

  @Test func raisesFloats() throws {
    var generator = SeededGenerator(seed: 63)
    for (shapeA, shapeB) in Sizes.broadcasts(.float32) {
      let a = generator.floats(shapeA.reduce(1, *), in: 0.1...9)
      let b = generator.floats(shapeB.reduce(1, *), in: -4...4)
      let result = try run(
        operation, [TestTensor(a, shapeA), TestTensor(b, shapeB)], outputs: [(.float32, .none)], threads: 2)[0]
      let expected = broadcast(a, shapeA, b, shapeB) { pow(Double($0), Double($1)) }
      expectNear(result.numbers, expected, tolerance: 1e-6, least: 1e-6)
    }
  }

  static let special: [(Float, Float, Float)] = [
    (.nan, 0, 1), (1, .nan, 1), (.nan, 1, .nan), (2, .nan, .nan), (0, 0, 1), (-0.0, 3, -0.0), (0, -1, .infinity),
    (-0.0, -1, -.infinity), (-2, 3, -8), (-2, 2, 4), (-8, 1.0 / 3, .nan), (.infinity, -1, 0), (0.5, .infinity, 0),
    (2, .infinity, .infinity), (-1, .infinity, 1), (-.infinity, 3, -.infinity), (10, 39, .infinity), (10, -50, 0),
  ]

  @Test(arguments: special) func followsTheStandard(_ base: Float, _ exponent: Float, _ expected: Float) throws {
    let result = try run(operation, [TestTensor([base]), TestTensor([exponent])], outputs: [(.float32, .none)])[0]
      .floats
    #expect(expected.isNaN ? result[0].isNaN : result[0] == expected && result[0].sign == expected.sign)
  }

  @Test func raisesIntegers() throws {
    for (shapeA, shapeB) in Sizes.broadcasts {
      let a = (0..<shapeA.reduce(1, *)).map { Int32($0 % 13 - 6) }
      let b = (0..<shapeB.reduce(1, *)).map { Int32($0 % 10) }
      let result = try run(
        operation, [TestTensor(a, shapeA), TestTensor(b, shapeB)], outputs: [(.int32, .none)])[0]
      #expect(
        result.values(Int32.self)
          == broadcast(a, shapeA, b, shapeB) { a, b in (0..<b).reduce(Int32(1)) { product, _ in product * a } })
    }
  }

  /// Powers beyond 32 bits become the smallest integer, as the processor's conversion makes them.
  @Test func leavesTheRange() throws {
    let a: [Int32] = [2, 2, -2, -2, 46341, .max, .min, .min, 0, 1, -1]
    let b: [Int32] = [30, 31, 31, 32, 2, 2, 1, 3, 0, .max, .max]
    let result = try run(operation, [TestTensor(a), TestTensor(b)], outputs: [(.int32, .none)])[0]
    #expect(result.values(Int32.self) == [1 << 30, .min, .min, .min, .min, .min, .min, .min, 1, 1, -1])
  }

  @Test(arguments: [[-1], [0, 1, .min], [3, 3, 3, 3, 3, 3, 3, 3, -5]] as [[Int32]])
  func refusesNegativeIntegerExponents(_ exponents: [Int32]) throws {
    expectRejection(
      .invalidValue, of: operation, [try TestTensor([2] as [Int32]), try TestTensor(exponents)],
      outputs: [(.int32, .none)])
  }

  @Test func refusesOtherOperands() throws {
    try expectElementwiseRejections(operation, supported: [.float32, .int32], inputs: 2)
  }
}
