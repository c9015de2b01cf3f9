import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct RNNTests {
  private func check(
    _ model: RNNModel, inputSize: Int, batches: Int, asymmetric: Bool = false, threads: Int = 1,
    tolerance: Float = 1e-5,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let data = Sequences(batches: batches, steps: 3, size: inputSize, seed: 5)
    func input(_ step: Int) throws -> TestTensor {
      try TestTensor(data.rows.flatMap { $0[step] }, [batches, inputSize])
    }
    let operands: [TestTensor?] = [try input(0)] + model.tensors + [try model.state(batches: batches)]
    let session = try OperatorSession(
      RNN(options: .table([0: .int8(model.activation), 1: .bool(asymmetric)])), operands, variables: [4],
      outputs: [(.float32, .none)], threads: threads)
    #expect(session.outputs[0].shape.dimensions == [batches, model.units])
    var states = [[Double]](repeating: model.start, count: batches)
    for step in 0..<3 {
      try session.set(0, to: input(step))
      try session.invoke(sourceLocation: sourceLocation)
      for batch in 0..<batches { model.step(&states[batch], data.rows[batch][step]) }
      expectClose(
        session.output(as: Float.self), states.flatMap { $0.map { Float($0) } }, tolerance: tolerance,
        sourceLocation: sourceLocation)
      #expect(session.input(4, as: Float.self) == session.output(as: Float.self))
    }
  }

  @Test(arguments: [1, 3, 4, 5, 11, 35]) func floats(units: Int) throws {
    for activation in 0...5 as ClosedRange<Int8> {
      try check(
        RNNModel(inputSize: units + 1, units: units, activation: activation, seed: 1), inputSize: units + 1, batches: 2)
    }
  }

  @Test(arguments: [ElementType.int8, .uint8], [true, false]) func hybrid(element: ElementType, asymmetric: Bool) throws
  {
    for (size, batches) in [(1, 1), (5, 3), (34, 2)] {
      try check(
        RNNModel(element, asymmetric: asymmetric, inputSize: size, units: size + 2, seed: 2), inputSize: size,
        batches: batches, asymmetric: asymmetric, tolerance: 1e-4)
    }
  }

  @Test func manyUnitsOnThreads() throws {
    try check(RNNModel(inputSize: 130, units: 129, seed: 3), inputSize: 130, batches: 9, threads: 3, tolerance: 1e-4)
  }

  @Test func extremes() throws {
    let model = try RNNModel(inputSize: 1, units: 3, activation: 4, seed: 4)
    for value in [Float.nan, .infinity, -.infinity, 3e38] {
      let session = try OperatorSession(
        RNN(options: .table([0: .int8(4)])),
        [TestTensor([value], [1, 1])] + model.tensors + [model.state(batches: 1)], variables: [4],
        outputs: [(.float32, .none)])
      try session.invoke()
      let result = session.output(as: Float.self)
      #expect(result.allSatisfy { value.isNaN ? $0.isNaN : abs($0) <= 1 })
    }
    // A clamp makes its lower end of NaN.
    let relu = try OperatorSession(
      RNN(options: .table([0: .int8(1)])),
      [TestTensor([Float.nan], [1, 1])] + model.tensors + [model.state(batches: 1)],
      variables: [4], outputs: [(.float32, .none)])
    try relu.invoke()
    #expect(relu.output(as: Float.self) == [0, 0, 0])
  }

  @Test func emptyBatch() throws {
    for element in [ElementType.float32, .int8] {
      let model = try RNNModel(element, inputSize: 2, units: 3, seed: 5)
      let session = try OperatorSession(
        RNN(options: .defaults), [TestTensor([Float](), [0, 2])] + model.tensors + [model.state(batches: 0)],
        variables: [4], outputs: [(.float32, .none)])
      try session.invoke()
    }
  }

  @Test func noInputs() throws {
    let model = try RNNModel(inputSize: 0, units: 3, activation: 0, seed: 6)
    let session = try OperatorSession(
      RNN(options: .defaults), [TestTensor([Float](), [2, 0])] + model.tensors + [model.state(batches: 2)],
      variables: [4], outputs: [(.float32, .none)])
    try session.invoke()
    let bias = model.tensors[2].floats
    #expect(session.output(as: Float.self) == bias + bias)
  }

  @Test func refusesBadOperands() throws {
    let model = try RNNModel(.int8, inputSize: 2, units: 3, seed: 7)
    let good: [TestTensor?] =
      [try TestTensor([1, 2] as [Float], [1, 2])] + model.tensors + [try model.state(batches: 1)]
    func expectError(
      _ operands: [TestTensor?], variables: Set<Int> = [4], sourceLocation: SourceLocation = #_sourceLocation
    ) {
      #expect(throws: OperatorError.self, sourceLocation: sourceLocation) {
        _ = try OperatorSession(
          RNN(options: .defaults), operands, variables: variables, outputs: [(.float32, .none)])
      }
    }
    expectError(good, variables: [])
    expectError(Array(good.dropLast()))
    for index in good.indices {
      var operands = good
      operands[index] = nil
      expectError(operands)
      operands[index] = try TestTensor([1] as [Float], [1, 1, 1])
      expectError(operands)
      operands[index] = good[index]
      operands[index]?.type.element = .int32
      expectError(operands)
    }
    var operands = good
    operands[1]?.type.quantization = .none
    expectError(operands)
    operands[1]?.type.quantization = .perChannel(scales: [1, 1, 1], zeroPoints: [0, 0, 0], axis: 0)
    expectError(operands)
    operands[1]?.type.quantization = .perTensor(scale: .nan, zeroPoint: 0)
    expectError(operands)
  }

  @Test func refusesBadOptions() throws {
    #expect(throws: OperatorError.self) { try RNN(options: .table([0: .int8(6)])) }
  }
}
