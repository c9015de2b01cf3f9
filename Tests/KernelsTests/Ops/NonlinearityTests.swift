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
    Case(name: "LOGISTIC", make: { Logistic(options: .defaults) }, function: { 1 / (1 + exp(-$0)) }),
    Case(name: "TANH", make: { Tanh(options: .defaults) }, function: { tanh($0) }),
    Case(name: "EXP", make: { Exp(options: .defaults) }, function: { exp($0) }),
    Case(name: "ELU", make: { Elu(options: .defaults) }, function: { $0 < 0 ? expm1($0) : $0 }),
    Case(name: "GELU", make: { try Gelu(options: .defaults) }, function: { 0.5 * $0 * erfc(-$0 / 2.0.squareRoot()) }),
    Case(
      name: "GELU approximate", make: { try Gelu(options: .table([0: .bool(true)])) },
      function: { 0.5 * $0 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0))) }),
    Case(
      name: "HARD_SWISH", make: { HardSwish(options: .defaults) }, function: { $0 * min(max($0 + 3, 0), 6) / 6 }),
    Case(
      name: "LEAKY_RELU", make: { try LeakyRelu(options: .table([0: .float(0.25)])) },
      function: { $0 > 0 ? $0 : 0.25 * $0 }),
    Case(name: "SQUARE", make: { Square(options: .defaults) }, function: { $0 * $0 }),
    Case(name: "FLOOR", make: { Floor(options: .defaults) }, function: { floor($0) }),
    Case(name: "CEIL", make: { Ceil(options: .defaults) }, function: { ceil($0) }),
    Case(name: "ROUND", make: { Round(options: .defaults) }, function: { $0.rounded(.toNearestOrEven) }),
    Case(name: "SIN", make: { Sin(options: .defaults) }, function: { sin($0) }),
    Case(name: "COS", make: { Cos(options: .defaults) }, function: { cos($0) }),
    Case(name: "NEG", make: { Neg(options: .defaults) }, function: { -$0 }),
    Case(name: "ABS", make: { Abs(options: .defaults) }, function: { abs($0) }),
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
        // The factor 1 + tanh(…) of GELU cancels where x is negative.
        let least = item.name.hasPrefix("GELU") ? 1 : 0.1
        #expect(abs(Double(actual) - expected) <= 1e-6 * max(abs(expected), least), "\(value)")
      }
    }
  }

  @Test(arguments: cases) func keepsNaN(_ item: Case) throws {
    let result = try run(try item.make(), [TestTensor([Float.nan, 1])], outputs: [(.float32, .none)])[0].floats
    #expect(result[0].isNaN && !result[1].isNaN)
  }

  /// Errors in units in the last place of the correctly rounded result.
  @Test func vectorMathIsAccurate() {
    func worst(_ range: ClosedRange<Float>, _ function: (Float) -> Float, _ exact: (Double) -> Double) -> Double {
      var generator = SeededGenerator(seed: 11)
      var worst = 0.0
      for _ in 0..<200_000 {
        let x = Float.random(in: range, using: &generator)
        let expected = exact(Double(x))
        let rounded = Float(expected)
        guard abs(rounded) >= .leastNormalMagnitude, rounded.isFinite else { continue }
        worst = max(worst, abs(Double(function(x)) - expected) / Double(rounded.ulp))
      }
      return worst
    }
    let errors = [
      "exp": worst(-87...88, VectorMath.exp, exp), "exp near 0": worst(-0.5...0.5, VectorMath.exp, exp),
      "logistic": worst(-80...20, VectorMath.logistic) { 1 / (1 + exp(-$0)) },
      "tanh": worst(-10...10, VectorMath.tanh, tanh), "tanh near 0": worst(-0.01...0.01, VectorMath.tanh, tanh),
      "expm1": worst(-20...0, VectorMath.exponentialMinusOne, expm1),
    ]
    let limits = [
      "exp": 1.5, "exp near 0": 1.5, "logistic": 3.0, "tanh": 3, "tanh near 0": 3, "expm1": 3,
    ]
    for (name, error) in errors { #expect(error < limits[name] ?? 0, "\(name): \(error)") }
    #expect(VectorMath.exp(89) == .infinity && VectorMath.exp(-110) == 0)
    #expect(VectorMath.exp(.infinity) == .infinity && VectorMath.exp(-.infinity) == 0)
    #expect(abs(VectorMath.exp(-100) - Float(exp(-100.0))) <= 2 * Float.leastNonzeroMagnitude)
    #expect(VectorMath.tanh(.infinity) == 1 && VectorMath.tanh(-.infinity) == -1)
    #expect(VectorMath.logistic(.infinity) == 1 && VectorMath.logistic(-.infinity) == 0)
    for x in [Float(0.49999997), 8_388_607.5, 4_194_304.5, 1e10, -1e10, .infinity] {
      #expect(VectorMath.floor(x) == x.rounded(.down) && VectorMath.ceiling(x) == x.rounded(.up))
      #expect(VectorMath.roundToEven(x) == x.rounded(.toNearestOrEven))
    }
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
      (Logistic(options: .defaults), (1 / 256, -128), { 1 / (1 + exp(-$0)) }),
      (Tanh(options: .defaults), (1 / 128, 0), { tanh($0) }),
      (HardSwish(options: .defaults), (0.05, -10), { $0 * min(max($0 + 3, 0), 6) / 6 }),
      (try Gelu(options: .defaults), (0.05, -10), { 0.5 * $0 * erfc(-$0 / 2.0.squareRoot()) }),
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
