import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct AveragePool2DTests {
  private static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  @Test(arguments: PoolingCase.cases) func averagesFloats(_ c: PoolingCase) throws {
    var generator = SeededGenerator(seed: 61)
    let x = generator.floats(c.input.reduce(1, *))
    let expected = c.windows(x.map { Double($0) }).map(Self.mean)
    for threads in Set([1, Sizes.threads(x.count)]) {
      let result = try run(
        AveragePool2D(options: c.options()), [TestTensor(x, c.input)], outputs: [(.float32, .none)], threads: threads)[
          0]
      #expect(result.type.shape.dimensions == c.output)
      expectNear(result.numbers, expected, tolerance: 1e-6, least: 1)
    }
  }

  /// The mean of the integers, rounded with ties away from zero.
  @Test(arguments: PoolingCase.cases, [ElementType.int8, .uint8, .int16]) func averagesIntegers(
    _ c: PoolingCase, _ element: ElementType
  ) throws {
    var generator = SeededGenerator(seed: 62)
    for form in element == .int16
      ? [AffineForm(.int16, scale: 0.5, zeroPoint: 0)] : AffineForm.zeroPoints(element, scale: 0.5)
    {
      let x = generator.integers(c.input.reduce(1, *), in: form.limits)
      let result = try run(
        AveragePool2D(options: c.options()), [form.tensor(x, c.input)], outputs: [form.output])[0]
      let expected = c.windows(x.map { Double($0) }).map { Int(Self.mean($0).rounded(.toNearestOrAwayFromZero)) }
      #expect(result.integers == expected)
    }
  }

  @Test(arguments: [(Int8(1), 0.0, Double.infinity), (2, -1, 1), (3, 0, 6)])
  func clampsWithAnActivation(_ activation: Int8, _ low: Double, _ high: Double) throws {
    let c = PoolingCase(input: [1, 1, 8, 1])
    let x: [Double] = [-20, -1, -0.5, 0, 0.75, 5, 6, 9]
    let floats = try run(
      AveragePool2D(options: c.options(activation: activation)), [TestTensor(numbers: x, c.input, as: .float32)],
      outputs: [(.float32, .none)])[0]
    #expect(floats.numbers == x.map { min(max($0, low), high) })
    for form in [
      AffineForm(.int8, scale: 0.25, zeroPoint: -5), AffineForm(.uint8, scale: 0.25, zeroPoint: 99),
      AffineForm(.int16, scale: 0.25, zeroPoint: 0),
    ] {
      let integers = x.map { Int(form.place($0)) }
      let result = try run(
        AveragePool2D(options: c.options(activation: activation)), [form.tensor(integers, c.input)],
        outputs: [form.output])[0]
      expectQuantized(result, form, integers.map { min(max(form.real($0), low), high) }, steps: 0)
    }
  }

  /// Infinite means become the largest finite numbers, as in the reference kernel.
  @Test func endsAtTheLargestFiniteNumber() throws {
    let c = PoolingCase(input: [1, 1, 8, 1], filter: [1, 2], stride: [1, 2])
    let largest = Double(Float.greatestFiniteMagnitude)
    for (activation, low) in [(Int8(0), -largest), (1, 0)] {
      let x = try TestTensor([.infinity, 1, .infinity, -.infinity, .nan, 1, -.infinity, 3] as [Float], c.input)
      let result = try run(AveragePool2D(options: c.options(activation: activation)), [x], outputs: [(.float32, .none)])
      expectNear(result[0].numbers, [largest, .nan, .nan, low], tolerance: 0)
    }
  }

  @Test func refusesOtherOperands() throws {
    try expectPoolingRejections(supported: [.float32, .int8, .uint8, .int16]) { try AveragePool2D(options: $0) }
  }
}
