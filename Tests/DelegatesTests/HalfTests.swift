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

  /// Element counts around the vectors' widths.
  private static let counts = [1, 7, 8, 9, 15, 16, 17, 35]

  @Test(.enabled(if: XNNPackDelegate.hasFloat16), arguments: counts) func activations(count: Int) throws {
    let x = try TestTensor.randomHalf([count], seed: 4, in: -9...9)
    func expect(_ operation: any Operator, _ function: (Double) -> Double) throws {
      try TestNode(operation, [x], output: .float16).expect(x.reals.map(function))
    }
    try expect(Relu(options: .defaults)) { max($0, 0) }
    try expect(Relu6(options: .defaults)) { min(max($0, 0), 6) }
    try expect(ReluN1To1(options: .defaults)) { min(max($0, -1), 1) }
    try expect(Relu0To1(options: .defaults)) { min(max($0, 0), 1) }
    try expect(HardSwish(options: .defaults)) { $0 * min(max($0 + 3, 0), 6) / 6 }
    for slope: Float in [0.1, -0.5, 3] {
      try expect(LeakyRelu(options: try OperatorOptions.table([0: .float(slope)]))) {
        $0 < 0 ? $0 * Double(Float16(slope)) : $0
      }
    }
  }

  @Test(.enabled(if: XNNPackDelegate.hasFloat16), arguments: counts) func slopes(channels: Int) throws {
    let x = try TestTensor.randomHalf([2, 3, channels], seed: 5, in: -9...9)
    let slopes = try TestTensor.randomHalf([1, channels], seed: 6).constant
    let factors = slopes.reals
    let expected = x.reals.enumerated().map { $1 < 0 ? $1 * factors[$0 % channels] : $1 }
    try TestNode(Prelu(options: .defaults), [x, slopes], output: .float16).expect(expected)
    let floats = try TestTensor.random([1, channels], seed: 6).constant
    #expect(throws: OperatorError.self) { try TestNode(Prelu(options: .defaults), [x, floats], output: .float16) }
  }

  @Test(.enabled(if: XNNPackDelegate.hasFloat16), arguments: ImageTests.pools) func pooling(p: ImageTests.Pool) throws {
    let x = try TestTensor.randomHalf([2, p.height, p.width, p.channels], seed: 5)
    for (activation, low) in [(Int8(0), -Double.infinity), (1, 0)] {
      let options = try OperatorOptions.table([
        0: .int8(p.same ? 0 : 1), 1: .int32(Int32(p.stride)), 2: .int32(Int32(p.stride)),
        3: .int32(Int32(p.filter)), 4: .int32(Int32(p.filter)), 5: .int8(activation),
      ])
      try TestNode(MaxPool2D(options: options), [x], output: .float16)
        .expect(ImageTests().pool(p, x.reals, batch: 2) { max($0.max() ?? 0, low) })
    }
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
