import Foundation
import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct SVDFTests {
  struct Sizes: Sendable, CustomTestStringConvertible {
    var batches = 2
    var input = 3
    var units = 4
    var rank = 2
    var memory = 5
    var testDescription: String { "\(batches) \(input) \(units) \(rank) \(memory)" }
  }

  static let sizes: [Sizes] = [
    Sizes(), Sizes(batches: 1, input: 1, units: 1, rank: 1, memory: 1), Sizes(input: 17, units: 5, rank: 3, memory: 2),
    Sizes(batches: 3, input: 35, units: 33, rank: 1, memory: 10),
  ]

  /// Outputs of several steps, `[step][batch * units]`, from the definition.
  private func reference(
    _ sizes: Sizes, steps: [[[Double]]], feature: [Double], time: [Double], bias: [Double]?,
    row: ([Double]) -> [Double] = { $0 }, activation: (Double) -> Double
  ) -> [[Double]] {
    let filters = sizes.units * sizes.rank
    // The last results of each filter, oldest first.
    var memory = [[[Double]]](
      repeating: [[Double]](repeating: [Double](repeating: 0, count: sizes.memory), count: filters),
      count: sizes.batches)
    return steps.map { step in
      (0..<sizes.batches).flatMap { batch -> [Double] in
        let x = row(step[batch])
        for filter in 0..<filters {
          let value = x.indices.reduce(0) { $0 + feature[filter * x.count + $1] * x[$1] }
          memory[batch][filter] = Array((memory[batch][filter] + [value]).suffix(sizes.memory))
        }
        return (0..<sizes.units).map { unit in
          var sum = bias?[unit] ?? 0
          for filter in unit * sizes.rank..<(unit + 1) * sizes.rank {
            for age in 0..<sizes.memory { sum += memory[batch][filter][age] * time[filter * sizes.memory + age] }
          }
          return activation(sum)
        }
      }
    }
  }

  private func state(_ sizes: Sizes) throws -> TestTensor {
    let width = sizes.units * sizes.rank * sizes.memory
    return try TestTensor([Float](repeating: 0, count: sizes.batches * width), [sizes.batches, width])
  }

  @Test(arguments: sizes, [true, false]) func floats(sizes: Sizes, hasBias: Bool) throws {
    var generator = SeededGenerator(seed: 1)
    let filters = sizes.units * sizes.rank
    let feature = generator.floats(filters * sizes.input)
    let time = generator.floats(filters * sizes.memory)
    let bias = generator.floats(sizes.units)
    let steps = (0..<7).map { _ in (0..<sizes.batches).map { _ in generator.floats(sizes.input) } }
    let functions: [Int8: (Double) -> Double] = [0: { $0 }, 1: { max($0, 0) }, 4: { tanh($0) }]
    for (activation, function) in functions {
      let session = try OperatorSession(
        SVDF(options: .table([0: .int32(Int32(sizes.rank)), 1: .int8(activation)])),
        [
          TestTensor(steps[0].flatMap { $0 }, [sizes.batches, sizes.input]),
          TestTensor(feature, [filters, sizes.input]).constant, TestTensor(time, [filters, sizes.memory]).constant,
          hasBias ? TestTensor(bias).constant : nil, state(sizes),
        ], variables: [4], outputs: [(.float32, .none)], threads: 2)
      let expected = reference(
        sizes, steps: steps.map { $0.map { $0.map(Double.init) } }, feature: feature.map(Double.init),
        time: time.map(Double.init), bias: hasBias ? bias.map(Double.init) : nil, activation: function)
      for (step, rows) in zip(steps, expected) {
        try session.set(0, to: TestTensor(step.flatMap { $0 }, [sizes.batches, sizes.input]))
        try session.invoke()
        expectClose(session.output(as: Float.self), rows.map { Float($0) }, tolerance: 1e-5)
      }
    }
  }

  @Test(arguments: sizes, [true, false]) func hybrid(sizes: Sizes, asymmetric: Bool) throws {
    var generator = SeededGenerator(seed: 2)
    let filters = sizes.units * sizes.rank
    let feature = QuantizedWeights<Int8>(generator.floats(filters * sizes.input).map(Double.init))
    let time = QuantizedWeights<Int8>(generator.floats(filters * sizes.memory).map(Double.init))
    let bias = generator.floats(sizes.units)
    let steps = (0..<6).map { _ in (0..<sizes.batches).map { _ in generator.floats(sizes.input) } }
    for (element, isConstant) in [(ElementType.int8, true), (.uint8, true), (.int8, false)] {
      var weights = try TestTensor(
        feature.values, [filters, sizes.input], element: element,
        quantization: .perTensor(scale: feature.scale, zeroPoint: 0))
      weights.isConstant = isConstant
      let session = try OperatorSession(
        SVDF(options: .table([0: .int32(Int32(sizes.rank)), 1: .int8(1), 2: .bool(asymmetric)])),
        [
          TestTensor(steps[0].flatMap { $0 }, [sizes.batches, sizes.input]), weights,
          TestTensor(
            time.values, [filters, sizes.memory], element: element,
            quantization: .perTensor(scale: time.scale, zeroPoint: 0)
          ).constant,
          TestTensor(bias).constant, state(sizes),
        ], variables: [4], outputs: [(.float32, .none)])
      let expected = reference(
        sizes, steps: steps.map { $0.map { $0.map(Double.init) } }, feature: feature.reals, time: time.reals,
        bias: bias.map(Double.init), row: { DynamicRows.quantized($0, asymmetric: asymmetric) },
        activation: { max($0, 0) })
      for (step, rows) in zip(steps, expected) {
        try session.set(0, to: TestTensor(step.flatMap { $0 }, [sizes.batches, sizes.input]))
        try session.invoke()
        expectClose(session.output(as: Float.self), rows.map { Float($0) }, tolerance: 1e-4)
      }
    }
  }

  /// An operator with int8 activations.
  private func integer(
    _ sizes: Sizes, input: [Int8], feature: [Int8], time: [Int16], bias: [Int32]?, activation: Int8 = 1,
    quantized: Bool = true
  ) throws -> OperatorSession {
    let filters = sizes.units * sizes.rank
    let width = filters * sizes.memory
    func parameters(_ scale: Float, _ zeroPoint: Int = 0) -> Quantization {
      quantized ? .perTensor(scale: scale, zeroPoint: zeroPoint) : .none
    }
    return try OperatorSession(
      SVDF(options: .table([0: .int32(Int32(sizes.rank)), 1: .int8(activation)])),
      [
        TestTensor(input, [sizes.batches, sizes.input], quantization: parameters(1.0 / 64, 4)),
        TestTensor(feature, [filters, sizes.input], quantization: parameters(1.0 / 128)).constant,
        TestTensor(time, [filters, sizes.memory], quantization: parameters(1.0 / 4096)).constant,
        bias.map { try TestTensor($0).constant },
        TestTensor(
          [Int16](repeating: 0, count: sizes.batches * width), [sizes.batches, width],
          quantization: parameters(1.0 / 2048)),
      ], variables: [4], outputs: [(.int8, parameters(1.0 / 16, -10))])
  }

  @Test(arguments: sizes, [true, false]) func integers(sizes: Sizes, hasBias: Bool) throws {
    var generator = SeededGenerator(seed: 3)
    let filters = sizes.units * sizes.rank
    let feature = generator.integers(filters * sizes.input, in: Int8(-127)...127)
    let time = generator.integers(filters * sizes.memory, in: Int16(-4096)...4096)
    let bias = generator.integers(sizes.units, in: Int32(-4_000_000)...4_000_000)
    let steps = (0..<6).map { _ in
      (0..<sizes.batches).map { _ in generator.integers(sizes.input, in: Int8(-128)...127) }
    }
    let session = try integer(
      sizes, input: steps[0].flatMap { $0 }, feature: feature, time: time, bias: hasBias ? bias : nil)
    let expected = reference(
      sizes, steps: steps.map { $0.map { $0.map { (Double($0) - 4) / 64 } } },
      feature: feature.map { Double($0) / 128 },
      time: time.map { Double($0) / 4096 }, bias: hasBias ? bias.map { Double($0) / 4096 / 2048 } : nil,
      activation: { $0 })
    for (step, rows) in zip(steps, expected) {
      try session.set(0, to: TestTensor(step.flatMap { $0 }, [sizes.batches, sizes.input]))
      try session.invoke()
      for (actual, real) in zip(session.output(as: Int8.self), rows) {
        let wanted = min(max(real * 16 - 10, -128), 127)
        #expect(abs(Double(actual) - wanted) <= 1)
      }
    }
  }

  @Test func integerExtremes() throws {
    let sizes = Sizes(batches: 1, input: 20, units: 2, rank: 2, memory: 3)
    for byte in [-128, 127] as [Int8] {
      let session = try integer(
        sizes, input: [Int8](repeating: byte, count: 20), feature: [Int8](repeating: -128, count: 80),
        time: [Int16](repeating: .min, count: 12), bias: [.max, .min])
      for _ in 0..<4 { try session.invoke() }
    }
  }

  /// As in TFLite, whose kernel reads them as bytes with a scale of 0.
  @Test func floatTimeWeightsOfQuantizedOnesCountAsZero() throws {
    let session = try OperatorSession(
      SVDF(options: .table([0: .int32(1)])),
      [
        TestTensor([1, 2] as [Float], [1, 2]),
        TestTensor([100, 100] as [Int8], [1, 2], quantization: .perTensor(scale: 1, zeroPoint: 0)).constant,
        TestTensor([5, 5, 5] as [Float], [1, 3]).constant, TestTensor([0.25] as [Float]).constant,
        TestTensor([0, 0, 0] as [Float], [1, 3]),
      ], variables: [4], outputs: [(.float32, .none)])
    try session.invoke()
    #expect(session.output(as: Float.self) == [0.25])
    #expect(session.input(4, as: Float.self)[2] != 0)
  }

  @Test func nonFinite() throws {
    for value in [Float.nan, .infinity] {
      let session = try OperatorSession(
        SVDF(options: .table([0: .int32(1)])),
        [
          TestTensor([value], [1, 1]), TestTensor([1] as [Float], [1, 1]).constant,
          TestTensor([1, 1] as [Float], [1, 2]).constant, nil, TestTensor([0, 0] as [Float], [1, 2]),
        ], variables: [4], outputs: [(.float32, .none)])
      try session.invoke()
      #expect(value.isNaN ? session.output(as: Float.self)[0].isNaN : session.output(as: Float.self) == [value])
    }
  }

  @Test(arguments: [
    Sizes(batches: 0, input: 2, units: 2, rank: 2, memory: 3),
    Sizes(batches: 2, input: 0, units: 2, rank: 1, memory: 3),
    Sizes(batches: 2, input: 2, units: 2, rank: 1, memory: 0),
    Sizes(batches: 2, input: 2, units: 0, rank: 1, memory: 3),
  ]) func empty(sizes: Sizes) throws {
    let filters = sizes.units * sizes.rank
    let session = try OperatorSession(
      SVDF(options: .table([0: .int32(Int32(sizes.rank))])),
      [
        TestTensor([Float](repeating: 1, count: sizes.batches * sizes.input), [sizes.batches, sizes.input]),
        TestTensor([Float](repeating: 1, count: filters * sizes.input), [filters, sizes.input]).constant,
        TestTensor([Float](repeating: 1, count: filters * sizes.memory), [filters, sizes.memory]).constant,
        TestTensor([Float](repeating: 2, count: sizes.units)).constant, state(sizes),
      ], variables: [4], outputs: [(.float32, .none)])
    try session.invoke()
    if sizes.input == 0 || sizes.memory == 0 { #expect(session.output(as: Float.self).allSatisfy { $0 == 2 }) }
  }

  @Test func refusesBadOperands() throws {
    let good: [TestTensor?] = [
      try TestTensor([1, 2] as [Float], [1, 2]), try TestTensor([1, 2, 3, 4] as [Float], [2, 2]).constant,
      try TestTensor([1, 2, 3, 4] as [Float], [2, 2]).constant, try TestTensor([1] as [Float]).constant,
      try TestTensor([0, 0, 0, 0] as [Float], [1, 4]),
    ]
    func expectError(
      _ operands: [TestTensor?], rank: Int32 = 2, variables: Set<Int> = [4],
      sourceLocation: SourceLocation = #_sourceLocation
    ) {
      #expect(throws: OperatorError.self, sourceLocation: sourceLocation) {
        _ = try OperatorSession(
          SVDF(options: .table([0: .int32(rank)])), operands, variables: variables, outputs: [(.float32, .none)])
      }
    }
    expectError(good, variables: [])
    for rank in [0, -1, 3, .min, .max] as [Int32] { expectError(good, rank: rank) }
    expectError(Array(good.dropLast()))
    for index in good.indices {
      var operands = good
      operands[index] = try TestTensor([1] as [Float], [1, 1, 1])
      expectError(operands)
      operands[index] = good[index]
      operands[index]?.type.element = .int32
      expectError(operands)
      if index != 3 {
        operands[index] = nil
        expectError(operands)
      }
    }
    let sizes = Sizes(batches: 1, input: 1, units: 1, rank: 1, memory: 1)
    #expect(throws: OperatorError.self) {
      try integer(sizes, input: [1], feature: [1], time: [1], bias: nil, activation: 0)
    }
    #expect(throws: OperatorError.self) {
      try integer(sizes, input: [1], feature: [1], time: [1], bias: nil, quantized: false)
    }
  }

  @Test func refusesBadOptions() throws {
    #expect(throws: OperatorError.self) { try SVDF(options: .table([1: .int8(6)])) }
  }
}
