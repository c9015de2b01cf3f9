import Foundation
import KernelTestSupport
import TensorTypes
import Testing

@testable import Kernels

/// Operators with one input, against double precision.
@Suite struct NonlinearityTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let make: @Sendable () throws -> any Operator
    let function: @Sendable (Double) -> Double
    var testDescription: String { name }
  }

  static let cases: [Case] = [
    Case(name: "TANH", make: { Tanh(options: .defaults) }, function: { tanh($0) }),
    Case(name: "SQUARE", make: { Square(options: .defaults) }, function: { $0 * $0 }),
    Case(name: "ROUND", make: { Round(options: .defaults) }, function: { $0.rounded(.toNearestOrEven) }),
    Case(name: "SIN", make: { Sin(options: .defaults) }, function: { sin($0) }),
    Case(name: "NEG", make: { Neg(options: .defaults) }, function: { -$0 }),
    Case(name: "RELU6", make: { Relu6(options: .defaults) }, function: { min(max($0, 0), 6) }),
  ]

  @Test(arguments: cases) func matchesDoublePrecision(_ item: Case) throws {
    var generator = SeededGenerator(seed: 5)
    for count in [0, 1, 3, 4, 7, 8, 19, 5003] {
      let x = generator.floats(count, in: -9...9) + (count > 4 ? [0, -0, 0.5, -0.5, 1.5, 2.5] : [])
      let result = try run(try item.make(), [TestTensor(x)], outputs: [(.float32, .none)], threads: 2)[0].floats
      #expect(result.count == x.count)
      for (actual, value) in zip(result, x) {
        let expected = item.function(Double(value))
        #expect(abs(Double(actual) - expected) <= 1e-6 * max(abs(expected), 0.1), "\(value)")
      }
    }
  }

  @Test(arguments: cases) func keepsNaN(_ item: Case) throws {
    let result = try run(try item.make(), [TestTensor([Float.nan, 1])], outputs: [(.float32, .none)])[0].floats
    #expect(result[0].isNaN && !result[1].isNaN)
  }

  @Test(arguments: [1, 2, 15, 16, 17, 33, 1000]) func softmax(width: Int) throws {
    var generator = SeededGenerator(seed: 2)
    let x = generator.floats(3 * width, in: -20...20)
    let result = try run(
      try Softmax(options: .table([0: .float(0.5)])), [TestTensor(x, [3, width])], outputs: [(.float32, .none)],
      threads: 2)[0].floats
    for row in 0..<3 {
      let values = x[row * width..<(row + 1) * width].map { exp(0.5 * Double($0)) }
      let total = values.reduce(0, +)
      for (i, value) in values.enumerated() {
        #expect(abs(Double(result[row * width + i]) - value / total) < 1e-6)
      }
    }
  }

  @Test func softmaxOfExtremes() throws {
    let operation = try Softmax(options: .table([0: .float(1)]))
    func apply(_ x: [Float]) throws -> [Float] {
      try run(operation, [TestTensor(x)], outputs: [(.float32, .none)])[0].floats
    }
    #expect(try apply([1000, 1000]) == [0.5, 0.5])
    #expect(try apply([-.infinity, 0]) == [0, 1])
    #expect(try apply([.nan, 0]).allSatisfy(\.isNaN))
    #expect(try apply([]) == [])
    #expect(throws: OperatorError.self) {
      try run(operation, [TestTensor([Float(1)], [])], outputs: [(.float32, .none)])
    }
  }

  @Test(arguments: [1, 7, 300, 20000]) func quantisedSoftmaxIsNearTheRealResult(width: Int) throws {
    var generator = SeededGenerator(seed: 4)
    let x = generator.integers(width, in: Int8(-128)...127)
    let scale: Float = 0.1
    let exact = x.map { exp(Double(scale) * Double($0)) }
    let total = exact.reduce(0, +)
    let operation = try Softmax(options: .table([0: .float(1)]))
    let input = try TestTensor(x, quantization: .perTensor(scale: scale, zeroPoint: 0))
    let bytes = try run(operation, [input], outputs: [(.int8, .perTensor(scale: 1 / 256, zeroPoint: -128))])[0]
    for (actual, value) in zip(bytes.values(Int8.self), exact) {
      #expect(abs(Double(actual) + 128 - min(256 * value / total, 255)) <= 1)
    }
    let shorts = try run(operation, [input], outputs: [(.int16, .perTensor(scale: 1 / 65536, zeroPoint: -32768))])[0]
    for (actual, value) in zip(shorts.values(Int16.self), exact) {
      #expect(abs(Double(actual) + 32768 - min(65536 * value / total, 65535)) <= 16)
    }
  }

  @Test func quantisedActivationsAreNearTheRealResult() throws {
    let x = (-128...127).map { Int8($0) }
    let scale: Float = 0.07
    for (operation, output, function) in [
      (Tanh(options: .defaults), (1 / 128, 0), { tanh($0) }),
      (Relu(options: .defaults), (0.03, -128), { max($0, 0) }),
      (Relu6(options: .defaults), (0.05, -100), { min(max($0, 0), 6) }),
    ] as [(any Operator, (Float, Int), (Double) -> Double)] {
      let result = try run(
        operation, [TestTensor(x, quantization: .perTensor(scale: scale, zeroPoint: 10))],
        outputs: [(.int8, .perTensor(scale: output.0, zeroPoint: output.1))])[0].values(Int8.self)
      for (actual, value) in zip(result, x) {
        let real = function(Double(scale) * Double(Int(value) - 10))
        let expected = min(max(real / Double(output.0) + Double(output.1), -128), 127)
        #expect(abs(Double(actual) - expected) <= 1.01, "\(operation) \(value)")
      }
    }
  }
}
