import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct L2NormalizationTests {
  private func operation() throws -> L2Normalization { try L2Normalization(options: .defaults) }

  /// Each row divided by its length, which counts as at least 1e-6.
  private func oracle(_ x: [Double], width: Int) -> [Double] {
    x.indices.map { index in
      let row = x[index / width * width..<(index / width + 1) * width]
      return x[index] / max(row.reduce(0) { $0 + $1 * $1 }.squareRoot(), 1e-6)
    }
  }

  @Test(arguments: Sizes.lengths.flatMap { [[$0], [3, $0]] } + Sizes.shapes.filter { !$0.isEmpty } + [[700, 30]])
  func normalizesRows(_ dimensions: [Int]) throws {
    var generator = SeededGenerator(seed: 71)
    let x = generator.floats(dimensions.reduce(1, *), in: -3...3)
    let result = try run(
      operation(), [TestTensor(x, dimensions)], outputs: [(.float32, .none)], threads: Sizes.threads(x.count))[0]
    #expect(result.type.shape.dimensions == dimensions)
    expectNear(result.numbers, oracle(x.map { Double($0) }, width: dimensions[dimensions.count - 1]), tolerance: 2e-6)
  }

  @Test func keepsTinyAndZeroRows() throws {
    let x: [Float] = [0, 0, 0, 1e-8, -1e-8, 0, 3, 4, 0]
    let result = try run(operation(), [TestTensor(x, [3, 3])], outputs: [(.float32, .none)])[0]
    expectNear(result.numbers, [0, 0, 0, 0.01, -0.01, 0, 0.6, 0.8, 0], tolerance: 1e-6)
  }

  @Test func carriesInfinitiesAndNaN() throws {
    let x: [Float] = [.infinity, 1, .nan, 1, 1e30, 1]
    expectClose(
      try run(operation(), [TestTensor(x, [3, 2])], outputs: [(.float32, .none)])[0].floats,
      [.nan, 0, .nan, .nan, 0, 0])
  }

  /// A scale plays no part, only the zero point does.
  @Test(arguments: [ElementType.int8, .uint8], [1, 2, 5, 16, 33, 300]) func normalizesQuantisedRows(
    _ element: ElementType, _ width: Int
  ) throws {
    var generator = SeededGenerator(seed: 72)
    let output = AffineForm(element, scale: 1.0 / 128, zeroPoint: element == .int8 ? 0 : 128)
    for input in AffineForm.zeroPoints(element, scale: 0.3) {
      let x = generator.integers(4 * width, in: input.limits)
      let result = try run(operation(), [input.tensor(x, [4, width])], outputs: [output.output])[0]
      expectQuantized(result, output, oracle(x.map(input.real), width: width), steps: 1.1)
    }
  }

  @Test(arguments: [ElementType.int8, .uint8]) func keepsQuantisedZeroRows(_ element: ElementType) throws {
    let input = AffineForm(element, scale: 1, zeroPoint: 7)
    let output = AffineForm(element, scale: 1.0 / 128, zeroPoint: element == .int8 ? 0 : 128)
    let result = try run(operation(), [input.tensor([7, 7, 7])], outputs: [output.output])[0]
    #expect(result.integers == [Int](repeating: output.zeroPoint, count: 3))
  }

  @Test(arguments: [ElementType.int8, .uint8]) func refusesOutputQuantisations(_ element: ElementType) throws {
    let zero = element == .int8 ? 0 : 128
    let input = AffineForm(element, scale: 1, zeroPoint: 0)
    for output in [
      AffineForm(element, scale: 1.0 / 256, zeroPoint: zero),
      AffineForm(element, scale: 1.0 / 128, zeroPoint: zero - 1),
    ] {
      expectRejection(.malformed, of: try operation(), [try input.tensor([1])], outputs: [output.output])
    }
    try expectSoundQuantization(operation(), element)
    try expectSurvivalOfExtremeScales(operation(), element)
  }

  @Test func refusesOtherOperands() throws {
    try expectElementwiseRejections(operation(), supported: [.float32, .int8, .uint8])
    expectRejection(.malformed, of: try operation(), [try TestTensor([1 as Float], [])], outputs: [(.float32, .none)])
    for activation: Int8 in [1, 2, 3, 4, 5, 6, -1] {
      expectRejection(
        of: try L2Normalization(options: .table([0: .int8(activation)])), [try TestTensor([1 as Float])],
        outputs: [(.float32, .none)])
    }
  }
}
