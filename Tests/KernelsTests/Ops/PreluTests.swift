import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct PreluTests {
  private let operation = Prelu(options: .defaults)

  /// Shapes of the input and of alpha, which is broadcast to it.
  static let shapes: [([Int], [Int])] =
    Sizes.lengths.map { ([$0], [$0]) } + Sizes.lengths.map { ([3, $0], [1]) } + [
      ([], []), ([5], []), ([2, 35], [35]), ([2, 35], [2, 1]), ([2, 3, 4, 5], [1, 1, 5]), ([2, 3, 4, 5], [3, 1, 1]),
      ([2, 0, 3], [3]), ([0], [1]), ([2, 1, 2, 1, 2, 1, 2, 3], [2, 1, 2, 1, 1, 3]), ([4, 6000], [6000]),
    ]

  @Test(arguments: shapes) func scalesNegativeFloats(_ shape: [Int], _ alphaShape: [Int]) throws {
    var generator = SeededGenerator(seed: 64)
    let x = generator.floats(shape.reduce(1, *), in: -4...4)
    let alpha = generator.floats(alphaShape.reduce(1, *), in: -1...2)
    let result = try run(
      operation, [TestTensor(x, shape), TestTensor(alpha, alphaShape)], outputs: [(.float32, .none)],
      threads: x.count > 5000 ? 3 : 1)[0]
    #expect(result.type.shape.dimensions == shape)
    #expect(result.floats == broadcast(x, shape, alpha, alphaShape) { $0 < 0 ? $0 * $1 : $0 })
  }

  @Test func takesInfinitiesAndNaN() throws {
    let x = try TestTensor([.nan, -.infinity, .infinity, -0.0, -1, -.infinity] as [Float])
    let alpha = try TestTensor([2, 0.5, 0.5, 0.5, .nan, 0] as [Float])
    let result = try run(operation, [x, alpha], outputs: [(.float32, .none)])[0].floats
    expectClose(result, [.nan, -.infinity, .infinity, 0, .nan, .nan])
    #expect(result[3].sign == .minus)
  }

  @Test(arguments: [(ElementType.int8, ElementType.int8), (.uint8, .uint8), (.int16, .int8)])
  func scalesQuantisedIntegers(_ element: ElementType, _ alphaElement: ElementType) throws {
    for input in AffineForm.zeroPoints(element, scale: 0.05) {
      for alpha in AffineForm.zeroPoints(alphaElement, scale: 0.02) {
        for output in AffineForm.zeroPoints(element, scale: 0.04) {
          let x = input.everyInteger.flatMap { [$0, $0, $0] }
          let a = [alpha.limits.lowerBound, alpha.zeroPoint, alpha.limits.upperBound]
          let result = try run(
            operation, [input.tensor(x, [x.count / 3, 3]), alpha.tensor(a)], outputs: [output.output])[0]
          expectQuantized(
            result, output,
            x.enumerated().map { index, q in input.real(q) * (input.real(q) < 0 ? alpha.real(a[index % 3]) : 1) })
        }
      }
    }
  }

  @Test func refusesAlphasThatDoNotBroadcast() throws {
    for (shape, alphaShape) in [([3], [2]), ([2, 3], [2]), ([3], [2, 3]), ([1], [4]), ([2, 1], [2, 2]), ([], [2])] {
      expectRejection(
        .malformed, of: operation,
        [try TestTensor(zeros: .float32, shape), try TestTensor(zeros: .float32, alphaShape)],
        outputs: [(.float32, .none)], "\(shape) and \(alphaShape)")
    }
  }

  @Test(arguments: [ElementType.int8, .uint8]) func readsUnquantisedIntegersAsZeros(_ element: ElementType) throws {
    try expectZeroOfUnquantized(operation, element, inputs: 2)
  }

  @Test(arguments: [ElementType.int8, .uint8]) func refusesUnsoundQuantisation(_ element: ElementType) throws {
    try expectSoundQuantization(operation, element, inputs: 2)
    try expectSurvivalOfExtremeScales(operation, element, inputs: 2)
  }

  @Test func refusesOtherOperands() throws {
    let inputs = [try TestTensor(zeros: .float32, [2]), try TestTensor(zeros: .float32, [2])]
    // Alike, both may only be these.
    try expectOnly([.float32, .int8, .uint8, .int16], for: operation, inputs, changing: [0, 1])
    try expectOnly([.float32], for: operation, inputs, changing: [1], output: .float32)
    try expectOnly([.float32], for: operation, inputs, changing: [0], output: .float32)
    try expectOnly([.float32], for: operation, inputs, changing: [0])
    expectOperandCounts(operation, inputs, outputs: [(.float32, .none)])
  }
}
