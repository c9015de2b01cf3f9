import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct L2Pool2DTests {
  private static func root(_ values: [Double]) -> Double {
    (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
  }

  @Test(arguments: PoolingCase.cases) func takesTheRootOfTheMeanSquare(_ c: PoolingCase) throws {
    var generator = SeededGenerator(seed: 63)
    let x = generator.floats(c.input.reduce(1, *), in: -3...3)
    let expected = c.windows(x.map { Double($0) }).map(Self.root)
    for threads in Set([1, Sizes.threads(x.count)]) {
      let result = try run(
        L2Pool2D(options: c.options()), [TestTensor(x, c.input)], outputs: [(.float32, .none)], threads: threads)[0]
      #expect(result.type.shape.dimensions == c.output)
      expectNear(result.numbers, expected, tolerance: 1e-6)
    }
  }

  @Test(arguments: [(Int8(1), 0.0, Double.infinity), (2, -1, 1), (3, 0, 6)])
  func clampsWithAnActivation(_ activation: Int8, _ low: Double, _ high: Double) throws {
    let c = PoolingCase(input: [1, 1, 6, 1])
    let x: [Double] = [-20, -0.5, 0, 0.75, 6, 9]
    let result = try run(
      L2Pool2D(options: c.options(activation: activation)), [TestTensor(numbers: x, c.input, as: .float32)],
      outputs: [(.float32, .none)])[0]
    #expect(result.numbers == x.map { min(max(abs($0), low), high) })
  }

  /// Squares overflow in single precision, and infinite means become the largest finite number, as in the reference kernel.
  @Test func endsAtTheLargestFiniteNumber() throws {
    let c = PoolingCase(input: [1, 1, 8, 1], filter: [1, 2], stride: [1, 2])
    let x = try TestTensor([-.infinity, 1, .infinity, -.infinity, .nan, 1, 1e20, 0] as [Float], c.input)
    let result = try run(L2Pool2D(options: c.options()), [x], outputs: [(.float32, .none)])[0]
    let largest = Double(Float.greatestFiniteMagnitude)
    expectNear(result.numbers, [largest, largest, .nan, largest], tolerance: 0)
  }

  @Test func refusesOtherOperands() throws {
    try expectPoolingRejections(supported: [.float32]) { try L2Pool2D(options: $0) }
  }
}
