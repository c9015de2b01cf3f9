import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct MaxPool2DTests {
  private static let types: [ElementType] = [.float32, .int8, .uint8, .int16]

  @Test(arguments: PoolingCase.cases, types) func findsTheGreatest(_ c: PoolingCase, _ element: ElementType) throws {
    var generator = SeededGenerator(seed: 74)
    let integers = generator.integers(c.input.reduce(1, *), in: element.integerLimits ?? -1000...1000)
    let input = try TestTensor(integers: integers, c.input, as: element, quantization: .usual(for: element))
    let result = try run(
      MaxPool2D(options: c.options()), [input], outputs: [(element, input.type.quantization)],
      threads: integers.count > 5000 ? 3 : 1)[0]
    #expect(result.type.shape.dimensions == c.output)
    #expect(result.numbers == c.windows(integers).map { Double($0.max() ?? 0) })
  }

  /// Widths of channels around that of a vector.
  @Test(arguments: Sizes.lengths, types) func comparesEveryChannel(_ channels: Int, _ element: ElementType) throws {
    let c = PoolingCase(input: [1, 2, 3, channels], filter: [2, 2])
    let integers = (0..<6 * channels).map { $0 * 37 % 101 - (element == .uint8 ? 0 : 50) }
    let input = try TestTensor(integers: integers, c.input, as: element, quantization: .usual(for: element))
    let result = try run(MaxPool2D(options: c.options()), [input], outputs: [(element, input.type.quantization)])[0]
    #expect(result.numbers == c.windows(integers).map { Double($0.max() ?? 0) })
  }

  @Test(arguments: [(Int8(1), 0.0, Double.infinity), (2, -1, 1), (3, 0, 6)])
  func clampsWithAnActivation(_ activation: Int8, _ low: Double, _ high: Double) throws {
    let c = PoolingCase(input: [1, 1, 8, 1])
    let x: [Double] = [-20, -1, -0.5, 0, 0.75, 5, 6, 9]
    let operation = try MaxPool2D(options: c.options(activation: activation))
    let floats = try run(operation, [TestTensor(numbers: x, c.input, as: .float32)], outputs: [(.float32, .none)])[0]
    #expect(floats.numbers == x.map { min(max($0, low), high) })
    for element in [ElementType.int8, .uint8, .int16] {
      for form in element == .int16
        ? [AffineForm(.int16, scale: 0.25, zeroPoint: 0)] : AffineForm.zeroPoints(element, scale: 0.25)
      {
        let integers = x.map { Int(form.place($0)) }
        let result = try run(operation, [form.tensor(integers, c.input)], outputs: [form.output])[0]
        expectQuantized(result, form, integers.map { min(max(form.real($0), low), high) }, steps: 0)
      }
    }
    let bytes = try TestTensor(zeros: .int8, c.input)
    expectRejection(.malformed, of: operation, [bytes], outputs: [(.int8, .none)])
    expectRejection(.malformed, of: operation, [bytes], outputs: [(.int8, .perTensor(scale: 0, zeroPoint: 0))])
  }

  /// NaN is passed over; a window of nothing else gives the lowest number. Also without an activation, results are clamped to finite numbers.
  @Test func takesInfinitiesAndNaN() throws {
    let x: [Float] = [.nan, 1, .nan, .nan, -.infinity, -.infinity, .infinity, 0]
    let c = PoolingCase(input: [1, 1, 8, 1], filter: [1, 2], stride: [1, 2])
    let result = try run(MaxPool2D(options: c.options()), [TestTensor(x, c.input)], outputs: [(.float32, .none)])[0]
    let limit = Float.greatestFiniteMagnitude
    #expect(result.floats == [1, -limit, -limit, limit])
  }

  @Test func refusesOtherOperands() throws {
    try expectPoolingRejections(supported: Self.types) { try MaxPool2D(options: $0) }
  }
}
