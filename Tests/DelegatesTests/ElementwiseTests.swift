import Foundation
import KernelTestSupport
import Kernels
import TensorTypes
import Testing

/// Elementwise operators, softmax and conversions on XNNPACK against the same in double precision.
@Suite struct ElementwiseTests {
  static let shapes: [([Int], [Int])] = [
    ([1], [1]), ([17], [17]), ([3, 35], [3, 35]), ([2, 3, 5], [5]), ([2, 3, 5], [1]), ([1], [2, 3, 5]),
    ([2, 1, 4], [2, 3, 1]), ([3, 1], [1, 4]), ([1, 2, 1, 2, 1, 2], [2, 1, 2, 1, 2, 1]), ([2, 2], [3, 1, 1]),
  ]

  /// Both operands with each element repeated to the common shape.
  static func broadcast(_ a: TestTensor, _ b: TestTensor) throws -> [(Double, Double)] {
    let shape = try #require(a.type.shape.broadcast(with: b.type.shape))
    func element(_ tensor: TestTensor, _ values: [Double], _ index: Int) -> Double {
      var (rest, offset, stride) = (index, 0, 1)
      for axis in (0..<shape.rank).reversed() {
        let position = rest % shape[axis]
        rest /= shape[axis]
        let own = axis - (shape.rank - tensor.type.shape.rank)
        guard own >= 0 else { continue }
        if tensor.type.shape[own] > 1 { offset += position * stride }
        stride *= tensor.type.shape[own]
      }
      return values[offset]
    }
    let (x, y) = (a.reals, b.reals)
    return (0..<shape.elementCount).map { (element(a, x, $0), element(b, y, $0)) }
  }

  @Test(arguments: shapes, [false, true]) func floatBinary(shapes: ([Int], [Int]), constant: Bool) throws {
    let a = try TestTensor.random(shapes.0, seed: 1)
    var b = try TestTensor.random(shapes.1, seed: 2, in: 0.5...2)
    if constant { b = b.constant }
    let pairs = try Self.broadcast(a, b)
    let relu = try OperatorOptions.table([0: .int8(1)])
    try TestNode(Add(options: .defaults), [a, b], output: .float32).expect(pairs.map { $0 + $1 })
    try TestNode(Sub(options: relu), [a, b], output: .float32).expect(pairs.map { max($0 - $1, 0) })
    try TestNode(Mul(options: .defaults), [a, b], output: .float32).expect(pairs.map { $0 * $1 })
    try TestNode(Div(options: .defaults), [a, b], output: .float32).expect(pairs.map { $0 / $1 })
    try TestNode(Maximum(options: .defaults), [a, b], output: .float32).expect(pairs.map { max($0, $1) })
    try TestNode(Minimum(options: .defaults), [a, b], output: .float32).expect(pairs.map { min($0, $1) })
    try TestNode(SquaredDifference(options: .defaults), [b, a], output: .float32)
      .expect(pairs.map { ($0 - $1) * ($0 - $1) })
  }

  @Test(arguments: shapes) func quantizedBinary(shapes: ([Int], [Int])) throws {
    let a = try TestTensor.randomInt8(shapes.0, seed: 1, .perTensor(scale: 0.02, zeroPoint: 3))
    let b = try TestTensor.randomInt8(shapes.1, seed: 2, .perTensor(scale: 0.05, zeroPoint: -7))
    let pairs = try Self.broadcast(a, b)
    let sum = Quantization.perTensor(scale: 0.06, zeroPoint: 2)
    try TestNode(Add(options: .defaults), [a, b], output: .int8, sum).expect(pairs.map { $0 + $1 })
    try TestNode(Sub(options: .defaults), [a, b], output: .int8, sum).expect(pairs.map { $0 - $1 })
    let product = Quantization.perTensor(scale: 0.1, zeroPoint: -2)
    try TestNode(Mul(options: .defaults), [a, b], output: .int8, product).expect(pairs.map { $0 * $1 })
    let c = try TestTensor.randomUInt8(shapes.0, seed: 3, .perTensor(scale: 0.02, zeroPoint: 130))
    let d = try TestTensor.randomUInt8(shapes.1, seed: 4, .perTensor(scale: 0.05, zeroPoint: 120)).constant
    let others = try Self.broadcast(c, d)
    let result = Quantization.perTensor(scale: 0.08, zeroPoint: 128)
    try TestNode(Add(options: .defaults), [c, d], output: .uint8, result).expect(others.map { $0 + $1 })
    try TestNode(Sub(options: .defaults), [c, d], output: .uint8, result).expect(others.map { $0 - $1 })
    try TestNode(Mul(options: .defaults), [c, d], output: .uint8, result).expect(others.map { $0 * $1 })
  }

  @Test(arguments: [1, 3, 4, 5, 15, 16, 17, 35, 5000]) func floatUnary(count: Int) throws {
    let x = try TestTensor.random([count], seed: UInt64(count), in: -8...8)
    let reals = x.reals
    try TestNode(Relu(options: .defaults), [x], output: .float32).expect(reals.map { max($0, 0) })
    try TestNode(Relu6(options: .defaults), [x], output: .float32).expect(reals.map { min(max($0, 0), 6) })
    try TestNode(ReluN1To1(options: .defaults), [x], output: .float32).expect(reals.map { min(max($0, -1), 1) })
    try TestNode(Logistic(options: .defaults), [x], output: .float32).expect(reals.map { 1 / (1 + exp(-$0)) })
    try TestNode(HardSwish(options: .defaults), [x], output: .float32)
      .expect(reals.map { $0 * min(max($0 + 3, 0), 6) / 6 })
    try TestNode(LeakyRelu(options: .table([0: .float(0.1)])), [x], output: .float32)
      .expect(reals.map { $0 < 0 ? $0 * Double(Float(0.1)) : $0 })
    let positive = try TestTensor.random([count], seed: 9, in: 0...9)
    try TestNode(Sqrt(options: .defaults), [positive], output: .float32).expect(positive.reals.map { sqrt($0) })
    #expect(try TestNode(Tanh(options: .defaults), [x], output: .float32).refusal?.contains("tanh") == true)
  }

  @Test func quantizedUnary() throws {
    let quantization = Quantization.perTensor(scale: 0.05, zeroPoint: 4)
    let x = try TestTensor((-128...127).map { Int8($0) }, quantization: quantization)
    let reals = x.reals
    try TestNode(Relu6(options: .defaults), [x], output: .int8, quantization).expect(reals.map { min(max($0, 0), 6) })
    try TestNode(Logistic(options: .defaults), [x], output: .int8, .perTensor(scale: 1 / 256, zeroPoint: -128))
      .expect(reals.map { 1 / (1 + exp(-$0)) })
    try TestNode(Tanh(options: .defaults), [x], output: .int8, .perTensor(scale: 1 / 128, zeroPoint: 0))
      .expect(reals.map { tanh($0) })
    try TestNode(Dequantize(options: .defaults), [x], output: .float32).expect(reals)
    let floats = try TestTensor.random([77], seed: 5, in: -9...9)
    try TestNode(Quantize(options: .defaults), [floats], output: .int8, quantization).expect(floats.reals)
    try TestNode(Quantize(options: .defaults), [floats], output: .uint8, .perTensor(scale: 0.1, zeroPoint: 100))
      .expect(floats.reals)
    let other = Quantization.perTensor(scale: 0.04, zeroPoint: 4)
    #expect(try TestNode(Relu(options: .defaults), [x], output: .int8, other).refusal != nil)
  }

  @Test(arguments: [[1], [3, 17], [2, 3, 5], [1, 1000]]) func softmax(shape: [Int]) throws {
    let x = try TestTensor.random(shape, seed: 1, in: -4...4)
    let channels = try #require(shape.last)
    func oracle(_ values: [Double]) -> [Double] {
      stride(from: 0, to: values.count, by: channels).flatMap { start -> [Double] in
        let row = values[start..<start + channels].map { exp($0) }
        let sum = row.reduce(0, +)
        return row.map { $0 / sum }
      }
    }
    let options = try OperatorOptions.table([0: .float(1)])
    try TestNode(Softmax(options: options), [x], output: .float32).expect(oracle(x.reals))
    let q = try TestTensor.randomUInt8(shape, seed: 2, .perTensor(scale: 0.05, zeroPoint: 128))
    try TestNode(Softmax(options: options), [q], output: .uint8, .perTensor(scale: 1 / 256, zeroPoint: 0))
      .expect(oracle(q.reals))
    let hot = try OperatorOptions.table([0: .float(2)])
    #expect(try TestNode(Softmax(options: hot), [x], output: .float32).refusal == "beta is 2.0; 1 is taken")
  }
}
