import KernelTestSupport
import Kernels
import TensorTypes
import Testing

/// Products with weights of 4 or 2 bits that have a scale for each block.
@Suite struct BlockwiseProductTests {
  /// Rows, units, blocks of a row, and elements of a block: around one and two vectors of 16, and around 31 of them.
  static let cases = [
    (1, 1, 1, 1), (2, 3, 2, 2), (1, 5, 3, 15), (3, 2, 2, 16), (2, 4, 2, 17), (1, 7, 3, 32), (2, 2, 1, 33),
    (1, 2, 2, 495), (1, 2, 1, 496), (2, 1, 1, 497), (1, 1, 1, 512), (1, 2, 2, 1009),
  ]

  private func multiply(
    _ x: [Float], rows: Int, _ w: [Int], units: Int, _ element: ElementType, _ scales: [Float], block: Int,
    bias: [Float]? = nil, halfScales: Bool = false, zeros: [Int]? = nil
  ) throws -> [Float] {
    let depth = w.count / units
    let scales = try TestTensor(
      numbers: scales.map { Double($0) }, [units, depth / max(block, 1)], as: halfScales ? .float16 : .float32)
    var companions = [5: scales]
    if let zeros { companions[6] = try TestTensor(integers: zeros, as: .int8) }
    let weights = try TestTensor(
      integers: w, [units, depth], as: element,
      quantization: .blockwise(scales: 5, zeroPoints: zeros == nil ? nil : 6, blockSize: block))
    return try run(
      FullyConnected(options: .defaults),
      [TestTensor(x, [rows, depth]), weights.constant, bias.map { try TestTensor($0) }],
      outputs: [(.float32, .none)], companions: companions)[0].floats
  }

  @Test(arguments: cases, [ElementType.int4, .int2]) func multiplies(
    _ sizes: (Int, Int, Int, Int), _ element: ElementType
  ) throws {
    let (rows, units, blocks, block) = sizes
    var generator = SeededGenerator(seed: 61)
    let limits = try #require(element.integerLimits)
    let x = generator.floats(rows * blocks * block, in: -2...3)
    let w = generator.integers(units * blocks * block, in: limits)
    // Scales that half precision holds.
    let scales = generator.integers(units * blocks, in: 1...64).map { Float($0) / 512 }
    let bias = generator.floats(units)
    let expected = (0..<rows).flatMap { row -> [Float] in
      let depth = blocks * block
      let quantized = dynamicallyQuantized(Array(x[row * depth..<(row + 1) * depth]), asymmetric: true)
      return (0..<units).map { unit in
        let sum = (0..<depth).reduce(0.0) { sum, k in
          sum + quantized.values[k] * Double(w[unit * depth + k]) * Double(scales[unit * blocks + k / block])
        }
        return Float(sum * quantized.scale + Double(bias[unit]))
      }
    }
    for halfScales in [false, true] {
      let actual = try multiply(
        x, rows: rows, w, units: units, element, scales, block: block, bias: bias, halfScales: halfScales)
      expectClose(actual, expected, tolerance: 1e-5)
    }
  }

  /// Every product is the largest there is, with either sign: sums stay exact.
  @Test(arguments: [31, 496, 497, 992, 2048]) func sumsTheLargestProducts(_ depth: Int) throws {
    for weight in [-8, 7] {
      // The last element makes the quantisation's range reach from -255 to 0: all others become -128 with the zero point 127.
      let x = [Float](repeating: -255, count: depth - 1) + [0]
      let result = try multiply(
        x, rows: 1, [Int](repeating: weight, count: depth), units: 1, .int4, [1], block: depth)
      #expect(result == [Float(-255 * weight * (depth - 1))])
    }
  }

  @Test func refusesWhatDoesNotFit() throws {
    func attempt(_ scales: [Float], block: Int, zeros: [Int]? = nil) {
      #expect(throws: OperatorError.self) {
        _ = try multiply([1, 2, 3, 4], rows: 1, [1, 2, 3, 4], units: 1, .int4, scales, block: block, zeros: zeros)
      }
    }
    attempt([1], block: 3)
    attempt([1], block: 0)
    attempt([1, 1], block: 2, zeros: [0, 1])
    let weights = try TestTensor(
      integers: [1, 2, 3, 4], [1, 4], as: .int4,
      quantization: .blockwise(scales: 5, zeroPoints: nil, blockSize: 2))
    let x = try TestTensor([1, 2, 3, 4] as [Float], [1, 4])
    for scales in [try TestTensor([1, 1, 1] as [Float]), try TestTensor([1, 1] as [Int32]), nil] {
      #expect(throws: OperatorError.self) {
        try run(
          FullyConnected(options: .defaults), [x, weights.constant], outputs: [(.float32, .none)],
          companions: scales.map { [5: $0] } ?? [:])
      }
    }
  }
}
