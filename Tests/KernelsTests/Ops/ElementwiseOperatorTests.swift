import KernelTestSupport
import TensorTypes
import Testing

@testable import Kernels

/// The operators with one or two broadcast inputs, against loops written from their definitions.
@Suite struct ElementwiseOperatorTests {
  /// Broadcasts by the definition: each output coordinate picks the operands' coordinates, 0 where their dimension is 1.
  static func broadcast<A, B, R>(
    _ a: [A], _ shapeA: [Int], _ b: [B], _ shapeB: [Int], _ function: (A, B) -> R
  ) -> [R] {
    let rank = max(shapeA.count, shapeB.count)
    let paddedA = [Int](repeating: 1, count: rank - shapeA.count) + shapeA
    let paddedB = [Int](repeating: 1, count: rank - shapeB.count) + shapeB
    let shape = zip(paddedA, paddedB).map { $0 == 1 ? $1 : $0 }
    return (0..<shape.reduce(1, *)).map { flat in
      var rest = flat
      var (indexA, indexB, strideA, strideB) = (0, 0, 1, 1)
      for axis in (0..<rank).reversed() {
        let coordinate = rest % shape[axis]
        rest /= shape[axis]
        indexA += paddedA[axis] == 1 ? 0 : coordinate * strideA
        indexB += paddedB[axis] == 1 ? 0 : coordinate * strideB
        strideA *= paddedA[axis]
        strideB *= paddedB[axis]
      }
      return function(a[indexA], b[indexB])
    }
  }

  static let shapes: [([Int], [Int])] = [
    ([], []), ([0], [1]), ([1], [1]), ([3], []), ([], [5]), ([17], [17]), ([2, 35], [35]), ([2, 35], [2, 1]),
    ([4, 1], [1, 9]), ([2, 3, 4, 5], [5]), ([2, 1, 4, 1], [3, 1, 5]), ([2, 3, 1, 2, 1, 4], [1, 3, 2, 2, 3, 1]),
    ([1, 2, 1, 2, 1, 2, 1, 2], [2, 1, 2, 1, 2, 1, 2, 1]), ([2, 0, 3], [3]), ([5, 20000], [20000]),
  ]

  @Test(arguments: shapes) func broadcastsFloats(_ shapeA: [Int], _ shapeB: [Int]) throws {
    var generator = SeededGenerator(seed: 1)
    let a = generator.floats(shapeA.reduce(1, *), in: -4...4)
    let b = generator.floats(shapeB.reduce(1, *), in: 0.5...4)
    let inputs = [try TestTensor(a, shapeA), try TestTensor(b, shapeB)]
    func check(_ operation: any Operator, _ function: (Float, Float) -> Float) throws {
      for threads in [1, 3] {
        let result = try run(operation, inputs, outputs: [(.float32, .none)], threads: threads)
        #expect(result[0].floats == Self.broadcast(a, shapeA, b, shapeB, function))
      }
    }
    try check(Sub(options: .defaults)) { $0 - $1 }
    try check(Mul(options: .table([0: .int8(3)]))) { min(max($0 * $1, 0), 6) }
    try check(Maximum(options: .defaults)) { $0 > $1 ? $0 : $1 }
    try check(Minimum(options: .defaults)) { $0 < $1 ? $0 : $1 }
    try check(SquaredDifference(options: .defaults)) { ($0 - $1) * ($0 - $1) }
  }

  @Test func wrapsIntegers() throws {
    let a: [Int32] = [.max, .min, 7, -7, .min]
    let b: [Int32] = [1, -1, 3, 3, -1]
    let inputs = [try TestTensor(a), try TestTensor(b)]
    func result(_ operation: any Operator) throws -> [Int32] {
      try run(operation, inputs, outputs: [(.int32, .none)])[0].values()
    }
    #expect(try result(Sub(options: .defaults)) == zip(a, b).map { $0 &- $1 })
    #expect(try result(Mul(options: .defaults)) == zip(a, b).map { $0 &* $1 })
  }

  @Test(arguments: [ElementType.int8, .uint8, .int16]) func quantisedArithmeticIsNearTheRealResult(_ type: ElementType)
    throws
  {
    var generator = SeededGenerator(seed: 7)
    let isShort = type == .int16
    let zero = isShort ? 0 : type == .int8 ? -3 : 120
    let step: Float = isShort ? 0.0003 : 0.05
    let limits = isShort ? -32768...32767 : type == .int8 ? -128...127 : 0...255
    let quantization = Quantization.perTensor(scale: step, zeroPoint: zero)
    let wide = Quantization.perTensor(scale: 2 * step, zeroPoint: zero)
    let a = generator.integers(101, in: limits)
    let b = generator.integers(101, in: limits)
    func tensor(_ values: [Int], _ quantization: Quantization) throws -> TestTensor {
      switch type {
      case .int8: try TestTensor(values.map { Int8($0) }, quantization: quantization)
      case .uint8: try TestTensor(values.map { UInt8($0) }, quantization: quantization)
      default: try TestTensor(values.map { Int16($0) }, quantization: quantization)
      }
    }
    func check(_ operation: any Operator, _ function: (Float, Float) -> Float) throws {
      let output = try run(
        operation, [try tensor(a, quantization), try tensor(b, wide)], outputs: [(type, wide)])[0]
      let actual: [Int] =
        switch type {
        case .int8: output.values(Int8.self).map { Int($0) }
        case .uint8: output.values(UInt8.self).map { Int($0) }
        default: output.values(Int16.self).map { Int($0) }
        }
      for i in a.indices {
        let real = function(step * Float(a[i] - zero), 2 * step * Float(b[i] - zero))
        let expected = min(max(real / (2 * step) + Float(zero), Float(limits.lowerBound)), Float(limits.upperBound))
        #expect(abs(Float(actual[i]) - expected) <= 1.01, "\(a[i]) and \(b[i])")
      }
    }
    try check(Sub(options: .defaults)) { $0 - $1 }
    try check(Mul(options: .defaults)) { $0 * $1 }
  }

  @Test func refusesWhatItCannotCompute() throws {
    for (scale, zeroPoint) in [(0, 0), (-1, 0), (Float.nan, 0), (.infinity, 0), (1, 1 << 40), (1, -129)]
      as [(Float, Int)]
    {
      let bad = Quantization.perTensor(scale: scale, zeroPoint: zeroPoint)
      let bytes = try TestTensor([1, 2] as [Int8], quantization: bad)
      for operation in [
        try Mul(options: .table([0: .int8(3)])), SquaredDifference(options: .defaults),
      ] as [any Operator] {
        #expect(throws: OperatorError.self) {
          try run(operation, [bytes, bytes], outputs: [(.int8, bad)])
        }
      }
      for operation in [
        Relu(options: .defaults), Tanh(options: .defaults), Rsqrt(options: .defaults), Sqrt(options: .defaults),
      ] as [any Operator] {
        #expect(throws: OperatorError.self) { try run(operation, [bytes], outputs: [(.int8, bad)]) }
      }
    }
  }

  /// Hostile but legal quantisation must not stop the process.
  @Test func survivesExtremeScales() throws {
    let scales: [Float] = [.leastNonzeroMagnitude, 1e-38, 1, 1e30, .greatestFiniteMagnitude]
    let values = (-128...127).map { Int8($0) }
    for first in scales {
      for second in scales {
        for third in scales {
          let a = try TestTensor(values, quantization: .perTensor(scale: first, zeroPoint: -128))
          let b = try TestTensor(
            values.map { $0 == 127 ? 126 : $0 }, quantization: .perTensor(scale: second, zeroPoint: 127))
          let output = [(ElementType.int8, Quantization.perTensor(scale: third, zeroPoint: 5))]
          for operation in [
            try Sub(options: .table([0: .int8(3)])), try Mul(options: .defaults),
            SquaredDifference(options: .defaults),
          ] as [any Operator] {
            _ = try run(operation, [a, b], outputs: output)
          }
          for operation in [
            Relu6(options: .defaults), Tanh(options: .defaults), Rsqrt(options: .defaults), Sqrt(options: .defaults),
            Quantize(options: .defaults),
          ] as [any Operator] {
            _ = try? run(operation, [a], outputs: output)
          }
        }
      }
    }
  }

  @Test func comparesStrings() throws {
    func strings(_ values: [String], cut: Int = 0) throws -> TestTensor {
      var bytes: [UInt8] = []
      func put(_ value: Int) { withUnsafeBytes(of: Int32(value)) { bytes.append(contentsOf: $0) } }
      put(values.count)
      var offset = 4 * (values.count + 2)
      put(offset)
      for value in values {
        offset += value.utf8.count
        put(offset)
      }
      for value in values { bytes.append(contentsOf: value.utf8) }
      bytes.removeLast(cut)
      var tensor = try TestTensor([UInt8](), [0])
      tensor.type = TensorType(element: .string, shape: try #require(Shape([values.count])))
      tensor.bytes = bytes
      return tensor
    }
    let a = try strings(["ab", "", "abc"])
    let other = try run(NotEqual(options: .defaults), [a, try strings(["abc"])], outputs: [(.bool, .none)])
    #expect(other[0].bytes == [1, 1, 0])
  }
}
