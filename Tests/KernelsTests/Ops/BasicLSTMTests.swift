import Foundation
import KernelTestSupport
import Kernels
import TensorTypes
import Testing

/// The basic kernel of `LSTM`.
@Suite struct BasicLSTMTests {
  let options: OperatorOptions

  init() throws { options = try .table([3: .int8(1)]) }

  /// Output and state of a step, in double precision.
  private func step(
    _ input: [Double], _ last: [Double], _ state: [Double], weights: [Double], bias: [Double]
  ) -> (output: [Double], state: [Double]) {
    let row = input + last
    let cells = last.count
    let sums = bias.indices.map { gate in
      row.indices.reduce(bias[gate]) { $0 + weights[gate * row.count + $1] * row[$1] }
    }
    func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
    let new = (0..<cells).map {
      logistic(sums[$0]) * tanh(sums[cells + $0]) + logistic(sums[2 * cells + $0]) * state[$0]
    }
    return ((0..<cells).map { logistic(sums[3 * cells + $0]) * tanh(new[$0]) }, new)
  }

  @Test(arguments: [(1, 1, 1), (2, 3, 4), (3, 5, 17)], [true, false])
  func floats(sizes: (batches: Int, input: Int, cells: Int), keeps: Bool) throws {
    let (batches, inputSize, cells) = sizes
    var generator = SeededGenerator(seed: 1)
    let x = generator.floats(batches * inputSize)
    let h = generator.floats(batches * cells)
    let c = generator.floats(batches * cells)
    let weights = generator.floats(4 * cells * (inputSize + cells))
    let bias = generator.floats(4 * cells)
    let session = try OperatorSession(
      LSTM(options: options),
      [
        TestTensor(x, [batches, inputSize]), TestTensor(h, [batches, cells]),
        TestTensor(weights, [4 * cells, inputSize + cells]).constant, TestTensor(bias).constant,
        TestTensor(c, [batches, cells]),
      ], variables: keeps ? [1, 4] : [], outputs: [(ElementType, Quantization)](repeating: (.float32, .none), count: 4))
    try session.invoke()
    var outputs: [Float] = []
    var states: [Float] = []
    for batch in 0..<batches {
      let result = step(
        x[batch * inputSize..<(batch + 1) * inputSize].map(Double.init),
        h[batch * cells..<(batch + 1) * cells].map(Double.init),
        c[batch * cells..<(batch + 1) * cells].map(Double.init),
        weights: weights.map(Double.init), bias: bias.map(Double.init))
      outputs += result.output.map { Float($0) }
      states += result.state.map { Float($0) }
    }
    expectClose(session.output(0, as: Float.self), outputs, tolerance: 1e-5)
    expectClose(session.output(1, as: Float.self), states, tolerance: 1e-5)
    #expect(session.input(1, as: Float.self) == (keeps ? session.output(0, as: Float.self) : h))
    #expect(session.input(4, as: Float.self) == (keeps ? session.output(1, as: Float.self) : c))
    #expect(
      session.outputs.map(\.shape.dimensions) == [
        [batches, cells], [batches, cells], [batches, inputSize + cells], [batches, 4 * cells],
      ])
  }

  private func quantized(
    _ x: [UInt8], _ h: [UInt8], _ c: [Int16], _ weights: [UInt8], _ bias: [Int32], batches: Int,
    stateScale: Float = 0x1p-11
  ) throws -> OperatorSession {
    let (inputSize, cells) = (x.count / batches, h.count / batches)
    let activations = Quantization.perTensor(scale: 0x1p-7, zeroPoint: 128)
    let state = Quantization.perTensor(scale: stateScale, zeroPoint: 0)
    return try OperatorSession(
      LSTM(options: options),
      [
        TestTensor(x, [batches, inputSize], quantization: activations),
        TestTensor(h, [batches, cells], quantization: activations),
        TestTensor(
          weights, [4 * cells, inputSize + cells], quantization: .perTensor(scale: 1.0 / 64, zeroPoint: 120)
        ).constant,
        TestTensor(bias, quantization: .perTensor(scale: 1.0 / 8192, zeroPoint: 0)).constant,
        TestTensor(c, [batches, cells], quantization: state),
      ], variables: [1, 4],
      outputs: [
        (.uint8, activations), (.int16, state), (.uint8, activations),
        (.int16, .perTensor(scale: 0x1p-12, zeroPoint: 0)),
      ])
  }

  @Test(arguments: [(1, 1, 1), (2, 3, 4), (3, 20, 17)])
  func quantizedIsNearTheRealOne(sizes: (batches: Int, input: Int, cells: Int)) throws {
    let (batches, inputSize, cells) = sizes
    var generator = SeededGenerator(seed: 2)
    let x = generator.integers(batches * inputSize, in: UInt8(0)...255)
    let h = generator.integers(batches * cells, in: UInt8(0)...255)
    let c = generator.integers(batches * cells, in: Int16(-4000)...4000)
    let weights = generator.integers(4 * cells * (inputSize + cells), in: UInt8(60)...180)
    let bias = generator.integers(4 * cells, in: Int32(-8000)...8000)
    let session = try quantized(x, h, c, weights, bias, batches: batches)
    try session.invoke()
    for batch in 0..<batches {
      let result = step(
        x[batch * inputSize..<(batch + 1) * inputSize].map { (Double($0) - 128) / 128 },
        h[batch * cells..<(batch + 1) * cells].map { (Double($0) - 128) / 128 },
        c[batch * cells..<(batch + 1) * cells].map { Double($0) / 2048 },
        weights: weights.map { (Double($0) - 120) / 64 }, bias: bias.map { Double($0) / 8192 })
      for cell in 0..<cells {
        let output = (Double(session.output(0, as: UInt8.self)[batch * cells + cell]) - 128) / 128
        let state = Double(session.output(1, as: Int16.self)[batch * cells + cell]) / 2048
        #expect(abs(output - min(result.output[cell], 127.0 / 128)) < 1.5 / 128)
        #expect(abs(state - result.state[cell]) < 4.0 / 2048)
      }
    }
    #expect(session.input(1, as: UInt8.self) == session.output(0, as: UInt8.self))
  }

  @Test func quantizedExtremes() throws {
    for (byte, state) in [(0, Int16.min), (255, .max)] as [(UInt8, Int16)] {
      let session = try quantized(
        [byte, byte], [byte, byte], [state, state], [UInt8](repeating: byte, count: 32),
        [Int32](repeating: byte == 0 ? .min : .max, count: 8), batches: 1)
      for _ in 0..<3 { try session.invoke() }
    }
  }

  @Test func refusesBadOperands() throws {
    #expect(throws: OperatorError.self) {
      try quantized([1], [1], [1], [1, 1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1], batches: 1, stateScale: 0x1p-12)
    }
    let good = [
      try TestTensor([1] as [Float], [1, 1]), try TestTensor([1] as [Float], [1, 1]),
      try TestTensor([Float](repeating: 1, count: 8), [4, 2]), try TestTensor([1, 1, 1, 1] as [Float]),
      try TestTensor([1] as [Float], [1, 1]),
    ]
    func expectError(_ operands: [TestTensor?], _ outputs: Int = 4) {
      #expect(throws: OperatorError.self) {
        _ = try OperatorSession(
          LSTM(options: options), operands, variables: [1, 4],
          outputs: [(ElementType, Quantization)](repeating: (.float32, .none), count: outputs))
      }
    }
    expectError(good, 1)
    expectError(Array(good.dropLast()))
    for index in good.indices {
      var operands: [TestTensor?] = good
      operands[index] = nil
      expectError(operands)
      operands[index] = try TestTensor([1, 1] as [Float], [1, 1, 2])
      expectError(operands)
      operands[index] = good[index]
      operands[index]?.type.element = .int32
      expectError(operands)
    }
  }

  @Test func emptyBatch() throws {
    let session = try OperatorSession(
      LSTM(options: options),
      [
        TestTensor([Float](), [0, 1]), TestTensor([Float](), [0, 1]),
        TestTensor([Float](repeating: 1, count: 8), [4, 2]),
        TestTensor([1, 1, 1, 1] as [Float]), TestTensor([Float](), [0, 1]),
      ], variables: [1, 4], outputs: [(ElementType, Quantization)](repeating: (.float32, .none), count: 4))
    try session.invoke()
  }
}
