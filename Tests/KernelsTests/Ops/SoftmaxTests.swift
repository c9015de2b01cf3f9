import Foundation
import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct SoftmaxTests {
  private static func operation(beta: Float = 1) throws -> Softmax { try Softmax(options: .table([0: .float(beta)])) }

  /// Along the last axis, from the definition.
  private func exact(_ x: [Double], width: Int, beta: Double) -> [Double] {
    stride(from: 0, to: x.count, by: max(width, 1)).flatMap { start -> [Double] in
      let row = x[start..<start + width]
      let peak = row.max() ?? 0
      let powers = row.map { exp(beta * ($0 - peak)) }
      let total = powers.reduce(0, +)
      return powers.map { $0 / total }
    }
  }

  static let shapes: [[Int]] =
    Sizes.lengths.map { [3, $0] } + [[0], [1], [17], [0, 4], [2, 3, 8], [2, 1, 2, 1, 2, 1, 2, 5], [40, 300]]

  @Test(arguments: shapes, [Float(1), 0.5]) func normalises(_ dimensions: [Int], _ beta: Float) throws {
    var generator = SeededGenerator(seed: 71)
    for (element, tolerance) in [(ElementType.float32, 1e-6), (.float16, 2e-3)] {
      let values = generator.floats(dimensions.reduce(1, *), in: -20...20).map { Double($0) }
      let input = try TestTensor(numbers: values, dimensions, as: element)
      let result = try run(
        Self.operation(beta: beta), [input], outputs: [(element, .none)], threads: values.count > 5000 ? 3 : 1)[0]
      #expect(result.type.shape.dimensions == dimensions)
      let expected = exact(input.numbers, width: dimensions.last ?? 1, beta: Double(beta))
      let isNear = zip(result.numbers, expected).allSatisfy { abs($0 - $1) <= tolerance }
      #expect(isNear, "\(element)")
    }
  }

  @Test func takesExtremes() throws {
    func apply(_ x: [Float], beta: Float = 1) throws -> [Float] {
      try run(Self.operation(beta: beta), [TestTensor(x)], outputs: [(.float32, .none)])[0].floats
    }
    #expect(try apply([1000, 1000]) == [0.5, 0.5])
    #expect(try apply([-.infinity, 0]) == [0, 1])
    #expect(try apply([3e38, -3e38]) == [1, 0])
    #expect(try apply([.nan, 0]).allSatisfy(\.isNaN))
    #expect(try apply([.infinity, 0]).contains { $0.isNaN })
    #expect(try apply([5, -7, 9, 0], beta: 0) == [0.25, 0.25, 0.25, 0.25])
    expectClose(try apply([0, 1], beta: -1), [0.7310586, 0.26894142])
  }

  @Test(arguments: [1, 2, 7, 33, 300, 20000], [ElementType.int8, .uint8])
  func normalisesBytes(_ width: Int, _ element: ElementType) throws {
    var generator = SeededGenerator(seed: 72)
    for input in AffineForm.zeroPoints(element, scale: 0.1) where width < 1000 || input.zeroPoint <= 0 {
      let x = generator.integers(width, in: input.limits)
      let expected = exact(x.map { input.real($0) }, width: width, beta: 1)
      let bytes = AffineForm(element, scale: 1 / 256, zeroPoint: element == .int8 ? -128 : 0)
      let shorts = AffineForm(.int16, scale: 1 / 65536, zeroPoint: -32768)
      for (output, steps) in [(bytes, 1.0), (shorts, 16)] {
        let result = try run(Self.operation(), [input.tensor(x)], outputs: [output.output])[0]
        expectQuantized(result, output, expected, steps: steps)
      }
    }
  }

  @Test(arguments: [1, 2, 7, 33, 300]) func normalisesShorts(_ width: Int) throws {
    var generator = SeededGenerator(seed: 73)
    let input = AffineForm(.int16, scale: 10 / 32768, zeroPoint: 0)
    let output = AffineForm(.int16, scale: 1 / 32768, zeroPoint: 0)
    let x = generator.integers(2 * width, in: input.limits)
    let result = try run(Self.operation(), [input.tensor(x, [2, width])], outputs: [output.output])[0]
    expectQuantized(result, output, exact(x.map { input.real($0) }, width: width, beta: 1), steps: 32)
  }

  /// All equal at either end, and one above all others.
  @Test(arguments: [ElementType.int8, .uint8]) func saturates(_ element: ElementType) throws {
    let input = AffineForm(element, scale: 1, zeroPoint: 0)
    let output = AffineForm(element, scale: 1 / 256, zeroPoint: element == .int8 ? -128 : 0)
    for end in [input.limits.lowerBound, input.limits.upperBound] {
      let result = try run(Self.operation(), [input.tensor([end, end, end, end])], outputs: [output.output])[0]
      expectQuantized(result, output, [0.25, 0.25, 0.25, 0.25])
    }
    let x = [input.limits.upperBound, input.limits.lowerBound]
    let result = try run(Self.operation(), [input.tensor(x)], outputs: [output.output])[0]
    #expect(result.integers == [output.limits.upperBound, output.limits.lowerBound])
  }

  @Test func refusesQuantisation() throws {
    let sound = AffineForm(.int8, scale: 0.1, zeroPoint: 0)
    for (scale, zeroPoint) in [(0.1, -128), (1 / 256, 0), (.nan, -128), (0, -128)] as [(Float, Int)] {
      let output = Quantization.perTensor(scale: scale, zeroPoint: zeroPoint)
      expectRejection(.malformed, of: try Self.operation(), [try sound.tensor([1])], outputs: [(.int8, output)])
      expectRejection(
        .malformed, of: try Self.operation(), [try AffineForm(.int16, scale: 0.1, zeroPoint: 0).tensor([1])],
        outputs: [(.int16, output)])
    }
    for element in [ElementType.int8, .uint8] {
      let output = AffineForm(element, scale: 1 / 256, zeroPoint: element == .int8 ? -128 : 0)
      try expectSoundQuantization(Self.operation(), element, output: output.output)
      for scale in extremeScales {
        for beta in [1e-30, 1, 1e30, .greatestFiniteMagnitude] as [Float] {
          let input = AffineForm(element, scale: scale, zeroPoint: 3)
          _ = try? run(Self.operation(beta: beta), [input.tensor(input.everyInteger)], outputs: [output.output])
        }
      }
      for beta in [0, -1, .nan, .infinity] as [Float] {
        expectRejection(
          of: try Self.operation(beta: beta), [try AffineForm(element, scale: 0.1, zeroPoint: 0).tensor([1])],
          outputs: [output.output], "beta \(beta)")
      }
    }
  }

  @Test func refusesOtherOperands() throws {
    expectRejection(
      .malformed, of: try Self.operation(), [try TestTensor([1 as Float], [])], outputs: [(.float32, .none)])
    let supported: [(ElementType, ElementType)] = [
      (.float32, .float32), (.float16, .float16), (.int8, .int8), (.uint8, .uint8), (.int16, .int16), (.int8, .int16),
      (.uint8, .int16),
    ]
    for from in ElementType.allCases {
      for to in ElementType.allCases where !supported.contains(where: { $0 == (from, to) }) {
        expectRejection(
          of: try Self.operation(), [try TestTensor(zeros: from, [2])], outputs: [(to, .usual(for: to))],
          "\(from) to \(to)")
      }
    }
    expectOperandCounts(try Self.operation(), [try TestTensor([1 as Float])], outputs: [(.float32, .none)])
  }
}
