import KernelTestSupport
import TensorTypes
import Testing

@testable import Kernels

/// `QUANTIZE`, `DEQUANTIZE`, `CAST`, `SELECT` and `SELECT_V2`.
@Suite struct ConversionTests {
  @Test func quantizesWithTiesAwayFromZero() throws {
    let x: [Float] = [0.5, -0.5, 1.5, 2.5, -2.5, 0.49999997, -0.49999997, 126.5, 1000, -1000, 3e6, 5e6, 0]
    let result = try run(
      Quantize(options: .defaults), [TestTensor(x)], outputs: [(.int8, .perTensor(scale: 1, zeroPoint: 0))])[0]
    #expect(result.values(Int8.self) == [1, -1, 2, 3, -3, 0, 0, 127, 127, -128, 127, 127, 0])
  }

  @Test(arguments: [0, 1, 2, 3, 5, 8, 33, 20001]) func quantizesAsTheDefinition(count: Int) throws {
    var generator = SeededGenerator(seed: 6)
    let x = generator.floats(count, in: -10...10)
    let scale: Float = 0.037
    let result = try run(
      Quantize(options: .defaults), [TestTensor(x)], outputs: [(.int16, .perTensor(scale: scale, zeroPoint: 3))],
      threads: 2)[0]
    #expect(
      result.values(Int16.self) == x.map { Int16(($0 / scale).rounded(.toNearestOrAwayFromZero)) + 3 })
    let packed = try run(
      Quantize(options: .defaults), [TestTensor(x)], outputs: [(.int4, .perTensor(scale: scale, zeroPoint: 0))])[0]
    let back = try run(Dequantize(options: .defaults), [packed], outputs: [(.float32, .none)])[0].floats
    #expect(
      back == x.map { scale * min(max(($0 / scale).rounded(.toNearestOrAwayFromZero), -8), 7) })
  }

  @Test(arguments: [0, 1, 2]) func dequantizesPerChannel(axis: Int) throws {
    let shape = [2, 3, 5]
    var generator = SeededGenerator(seed: 8)
    let x = generator.integers(30, in: Int8(-128)...127)
    let scales = (0..<shape[axis]).map { 0.1 * Float($0 + 1) }
    let zeroPoints = Array(0..<shape[axis])
    let channels = Quantization.perChannel(scales: scales, zeroPoints: zeroPoints, axis: axis)
    let result = try run(
      Dequantize(options: .defaults), [TestTensor(x, shape, quantization: channels)], outputs: [(.float32, .none)])[0]
    let inner = shape[(axis + 1)...].reduce(1, *)
    let expected = x.indices.map { index -> Float in
      let channel = index / inner % shape[axis]
      return scales[channel] * Float(Int(x[index]) - zeroPoints[channel])
    }
    #expect(result.floats == expected)
    let again = try run(Quantize(options: .defaults), [result], outputs: [(.int8, channels)])[0]
    #expect(again.values(Int8.self) == x)
  }

  static let selections: [([Int], [Int], [Int])] = [
    ([], [], []), ([3], [3], [3]), ([1], [4], [4]), ([2, 1], [2, 5], [1]), ([5], [2, 5], []), ([2, 5], [5], [2, 1]),
    ([1, 2, 1], [3, 1, 4], [2, 4]), ([0], [1], [1]),
  ]

  @Test(arguments: selections) func selects(_ c: [Int], _ a: [Int], _ b: [Int]) throws {
    var generator = SeededGenerator(seed: 9)
    let condition = generator.integers(c.reduce(1, *), in: UInt8(0)...1)
    let first = generator.floats(a.reduce(1, *))
    let second = generator.floats(b.reduce(1, *))
    let result = try run(
      SelectV2(options: .defaults),
      [TestTensor(condition, c, element: .bool), TestTensor(first, a), TestTensor(second, b)],
      outputs: [(.float32, .none)])[0]
    // Two steps by the definition: pair the choices, then choose.
    let pairs = ElementwiseOperatorTests.broadcast(first, a, second, b) { ($0, $1) }
    let rank = max(a.count, b.count)
    let pairShape = zip(
      [Int](repeating: 1, count: rank - a.count) + a, [Int](repeating: 1, count: rank - b.count) + b
    ).map { $0 == 1 ? $1 : $0 }
    let expected = ElementwiseOperatorTests.broadcast(condition, c, pairs, pairShape) { $0 != 0 ? $1.0 : $1.1 }
    #expect(result.floats == expected)
  }

  @Test func selectsAlongTheFirstDimension() throws {
    let result = try run(
      Select(options: .defaults),
      [
        TestTensor([1, 0] as [UInt8], element: .bool), TestTensor([1, 2, 3, 4] as [Int32], [2, 2]),
        TestTensor([5, 6, 7, 8] as [Int32], [2, 2]),
      ], outputs: [(.int32, .none)])[0]
    #expect(result.values(Int32.self) == [1, 2, 7, 8])
    #expect(throws: OperatorError.self) {
      try run(
        Select(options: .defaults),
        [
          TestTensor([1, 0, 1] as [UInt8], element: .bool), TestTensor([1, 2, 3, 4] as [Int32], [2, 2]),
          TestTensor([5, 6, 7, 8] as [Int32], [2, 2]),
        ], outputs: [(.int32, .none)])
    }
  }
}
