import Delegates
import KernelTestSupport
import Kernels
import TFLiteRuntime
import TensorTypes
import Testing

/// Operators on `float16` and other elements of two bytes on XNNPACK, against the built-in kernels.
@Suite struct HalfTests {
  private func halves(_ shape: [Int], seed: UInt64) throws -> TestTensor {
    var generator = SeededGenerator(seed: seed)
    let values = generator.floats(shape.reduce(1, *), in: -4...4)
    return try TestTensor(values.map { Float16($0) }, shape)
  }

  private func same(
    _ operation: any Operator, _ inputs: [TestTensor?], output: ElementType, _ quantization: Quantization = .none,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let node = try TestNode(operation, inputs, output: output, quantization)
    let expected = try KernelTestSupport.run(operation, inputs, outputs: [(output, quantization)], threads: 1)
    for threads in [1, 2] {
      let actual = try node.run(threads: threads, sourceLocation: sourceLocation)
      #expect(actual.bytes == expected[0].bytes, sourceLocation: sourceLocation)
    }
  }

  @Test(arguments: [1, 7, 8, 9, 31, 64, 100]) func conversions(count: Int) throws {
    var values = try halves([count], seed: 1)
    try same(Cast(options: .defaults), [values], output: .float32)
    try same(Dequantize(options: .defaults), [values], output: .float32)
    var generator = SeededGenerator(seed: 2)
    values = try TestTensor(generator.floats(count, in: -70000...70000), [count])
    try same(Cast(options: .defaults), [values], output: .float16)
  }

  @Test func `conversions of special numbers`() throws {
    let floats: [Float] = [
      0, -0.0, 1, 65504, 65519, 65520, -65520, 1e-8, -1e-8, 5.96e-8, 2.98e-8, 2.981e-8, .infinity, -.infinity,
      0x1.002p0,
      0x1.006p0,
    ]
    try same(Cast(options: .defaults), [try TestTensor(floats, [floats.count])], output: .float16)
  }

  @Test(
    .enabled(if: XNNPackDelegate.hasFloat16), arguments: ElementwiseTests.shapes) func arithmetic(
      shapes: ([Int], [Int])
    )
    throws
  {
    let (a, b) = (try halves(shapes.0, seed: 1), try halves(shapes.1, seed: 2))
    for activation: Int8 in [0, 1, 2, 3] {
      let options = try OperatorOptions.table([0: .int8(activation)])
      try same(Add(options: options), [a, b], output: .float16)
      try same(Mul(options: options), [a, b.constant], output: .float16)
    }
    #expect(try TestNode(Sub(options: .defaults), [a, b], output: .float16).refusal != nil)
  }

  @Test func `padding of two bytes`() throws {
    let paddings = try TestTensor([0, 0, 1, 2, 3, 0] as [Int32], [3, 2]).constant
    let half = try halves([2, 3, 5], seed: 3)
    try same(Pad(options: .defaults), [half, paddings], output: .float16)
    let short = try TestTensor((0..<30).map { Int16($0 * 999 - 15000) }, [2, 3, 5])
    try same(Pad(options: .defaults), [short, paddings], output: .int16)
    let value = try TestTensor([Int16(-77)], [1]).constant
    try same(PadV2(options: .defaults), [short, paddings, value], output: .int16)
  }
}
