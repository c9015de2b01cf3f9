import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct UnidirectionalSequenceRNNTests {
  private func check(
    _ model: RNNModel, inputSize: Int, batches: Int, steps: Int, timeMajor: Bool, asymmetric: Bool = false,
    tolerance: Float = 1e-5, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let data = Sequences(batches: batches, steps: steps, size: inputSize, seed: 5)
    let input = try TestTensor(data.values(timeMajor: timeMajor), data.dimensions(timeMajor: timeMajor))
    let session = try OperatorSession(
      UnidirectionalSequenceRNN(
        options: .table([0: .bool(timeMajor), 1: .int8(model.activation), 2: .bool(asymmetric)])),
      [input] + model.tensors + [model.state(batches: batches)], variables: [4], outputs: [(.float32, .none)],
      threads: 2)
    var states = [[Double]](repeating: model.start, count: batches)
    // The second invocation goes on where the first ended.
    for _ in 0..<2 {
      try session.invoke(sourceLocation: sourceLocation)
      let rows = (0..<batches).map { batch in
        (0..<steps).map { step in
          model.step(&states[batch], data.rows[batch][step])
          return states[batch].map { Float($0) }
        }
      }
      expectClose(
        session.output(as: Float.self), Sequences.flattened(rows, steps: steps, timeMajor: timeMajor),
        tolerance: tolerance, sourceLocation: sourceLocation)
    }
  }

  @Test(arguments: [1, 3, 4, 5, 11, 35], [true, false]) func floats(units: Int, timeMajor: Bool) throws {
    try check(RNNModel(inputSize: 3, units: units, seed: 1), inputSize: 3, batches: 2, steps: 4, timeMajor: timeMajor)
    try check(
      RNNModel(inputSize: 3, units: units, activation: 1, seed: 1), inputSize: 3, batches: 1, steps: 1,
      timeMajor: timeMajor)
  }

  @Test(arguments: [ElementType.int8, .uint8], [true, false]) func hybrid(element: ElementType, timeMajor: Bool) throws
  {
    for asymmetric in [true, false] {
      try check(
        RNNModel(element, asymmetric: asymmetric, inputSize: 6, units: 9, seed: 2), inputSize: 6, batches: 3, steps: 4,
        timeMajor: timeMajor, asymmetric: asymmetric, tolerance: 1e-4)
    }
  }

  @Test(arguments: [[0, 2, 3], [2, 0, 3]]) func emptySequences(dimensions: [Int]) throws {
    let model = try RNNModel(inputSize: 3, units: 4, seed: 3)
    let session = try OperatorSession(
      UnidirectionalSequenceRNN(options: .defaults),
      [TestTensor([Float](), dimensions)] + model.tensors + [model.state(batches: dimensions[0])], variables: [4],
      outputs: [(.float32, .none)])
    try session.invoke()
    #expect(session.outputs[0].shape.dimensions == [dimensions[0], dimensions[1], 4])
  }

  @Test func nanStaysInItsSequence() throws {
    let model = try RNNModel(inputSize: 1, units: 2, seed: 4)
    let session = try OperatorSession(
      UnidirectionalSequenceRNN(options: .table([1: .int8(4)])),
      [TestTensor([1, .nan, 1, 1] as [Float], [2, 2, 1])] + model.tensors + [model.state(batches: 2)], variables: [4],
      outputs: [(.float32, .none)])
    try session.invoke()
    let result = session.output(as: Float.self)
    #expect(result.map(\.isNaN) == [false, false, true, true, false, false, false, false])
  }

  @Test func refusesBadOperands() throws {
    let model = try RNNModel(inputSize: 2, units: 3, seed: 5)
    let good: [TestTensor?] =
      [try TestTensor([1, 2] as [Float], [1, 1, 2])] + model.tensors + [try model.state(batches: 1)]
    func expectError(
      _ operands: [TestTensor?], variables: Set<Int> = [4], sourceLocation: SourceLocation = #_sourceLocation
    ) {
      #expect(throws: OperatorError.self, sourceLocation: sourceLocation) {
        _ = try OperatorSession(
          UnidirectionalSequenceRNN(options: .defaults), operands, variables: variables, outputs: [(.float32, .none)])
      }
    }
    expectError(good, variables: [])
    expectError(Array(good.dropLast()))
    for index in good.indices {
      var operands = good
      operands[index] = nil
      expectError(operands)
      operands[index] = try TestTensor([1, 1] as [Float], [1, 2])
      expectError(operands)
      operands[index] = good[index]
      operands[index]?.type.element = .int32
      expectError(operands)
    }
  }

  @Test func refusesBadOptions() throws {
    #expect(throws: OperatorError.self) { try UnidirectionalSequenceRNN(options: .table([1: .int8(6)])) }
  }
}
