import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct BidirectionalSequenceRNNTests {
  /// What the auxiliary input is used for.
  enum Auxiliary: CaseIterable, Sendable {
    case none, crossLinks, backwardInput
  }

  private func operands(
    _ models: [RNNModel], input: TestTensor, auxiliary: TestTensor?, batches: Int
  ) throws -> [TestTensor?] {
    var result: [TestTensor?] = [input]
    for model in models { result += model.tensors + [try model.state(batches: batches)] as [TestTensor?] }
    return result + [auxiliary] + models.map(\.auxiliaryTensor)
  }

  private func check(
    _ element: ElementType, asymmetric: Bool = false, _ auxiliary: Auxiliary, merge: Bool, timeMajor: Bool,
    batches: Int = 2, steps: Int = 3, tolerance: Float = 1e-5, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let models = try [(4, 1), (6, 2)].map { units, seed in
      try RNNModel(
        element, asymmetric: asymmetric, inputSize: 5, auxiliarySize: auxiliary == .crossLinks ? 2 : 0, units: units,
        seed: UInt64(seed))
    }
    let data = Sequences(batches: batches, steps: steps, size: 5, seed: 3)
    let other = Sequences(batches: batches, steps: steps, size: auxiliary == .crossLinks ? 2 : 5, seed: 4)
    let session = try OperatorSession(
      BidirectionalSequenceRNN(
        options: .table([0: .bool(timeMajor), 1: .int8(4), 2: .bool(merge), 3: .bool(asymmetric)])),
      operands(
        models, input: TestTensor(data.values(timeMajor: timeMajor), data.dimensions(timeMajor: timeMajor)),
        auxiliary: auxiliary == .none
          ? nil : TestTensor(other.values(timeMajor: timeMajor), other.dimensions(timeMajor: timeMajor)),
        batches: batches), variables: [4, 8],
      outputs: [(ElementType, Quantization)](repeating: (.float32, .none), count: merge ? 1 : 2), threads: 2)
    try session.invoke(sourceLocation: sourceLocation)
    var rows = models.map { _ in [[[Float]]](repeating: [[Float]](repeating: [], count: steps), count: batches) }
    for (direction, model) in models.enumerated() {
      for batch in 0..<batches {
        var state = model.start
        // Quantised cells see time-major sequences once for each step.
        for _ in 0..<(element != .float32 && timeMajor ? steps : 1) {
          for step in direction == 0 ? Array(0..<steps) : (0..<steps).reversed() {
            let source = direction == 1 && auxiliary == .backwardInput && timeMajor ? other : data
            model.step(
              &state, source.rows[batch][step], auxiliary: auxiliary == .crossLinks ? other.rows[batch][step] : [])
            rows[direction][batch][step] = state.map { Float($0) }
          }
        }
      }
    }
    if merge {
      let merged = (0..<batches).map { batch in (0..<steps).map { rows[0][batch][$0] + rows[1][batch][$0] } }
      expectClose(
        session.output(as: Float.self), Sequences.flattened(merged, steps: steps, timeMajor: timeMajor),
        tolerance: tolerance, sourceLocation: sourceLocation)
    } else {
      for direction in 0...1 {
        expectClose(
          session.output(direction, as: Float.self),
          Sequences.flattened(rows[direction], steps: steps, timeMajor: timeMajor), tolerance: tolerance,
          sourceLocation: sourceLocation)
      }
    }
  }

  @Test(arguments: Auxiliary.allCases, [true, false]) func floats(auxiliary: Auxiliary, timeMajor: Bool) throws {
    for merge in [true, false] {
      try check(.float32, auxiliary, merge: merge, timeMajor: timeMajor)
      try check(.float32, auxiliary, merge: merge, timeMajor: timeMajor, batches: 1, steps: 1)
    }
  }

  @Test(arguments: Auxiliary.allCases, [true, false]) func hybrid(auxiliary: Auxiliary, timeMajor: Bool) throws {
    try check(.int8, auxiliary, merge: true, timeMajor: timeMajor, tolerance: 1e-4)
    try check(.int8, asymmetric: true, auxiliary, merge: false, timeMajor: timeMajor, tolerance: 1e-4)
    try check(.uint8, auxiliary, merge: false, timeMajor: timeMajor, tolerance: 1e-4)
  }

  @Test func emptySequences() throws {
    let models = try [1, 2].map { try RNNModel(inputSize: 3, units: 4, seed: $0) }
    for dimensions in [[0, 2, 3], [2, 0, 3]] {
      let session = try OperatorSession(
        BidirectionalSequenceRNN(options: .table([2: .bool(true)])),
        operands(models, input: TestTensor([Float](), dimensions), auxiliary: nil, batches: dimensions[0]),
        variables: [4, 8], outputs: [(.float32, .none)])
      try session.invoke()
      #expect(session.outputs[0].shape.dimensions == [dimensions[0], dimensions[1], 8])
    }
  }

  @Test func refusesBadOperands() throws {
    let models = try [1, 2].map { try RNNModel(inputSize: 3, auxiliarySize: 2, units: 4, seed: $0) }
    let good = try operands(
      models, input: TestTensor([1, 2, 3] as [Float], [1, 1, 3]), auxiliary: TestTensor([1, 2] as [Float], [1, 1, 2]),
      batches: 1)
    func expectError(
      _ operands: [TestTensor?], variables: Set<Int> = [4, 8], outputs: Int = 2,
      sourceLocation: SourceLocation = #_sourceLocation
    ) {
      #expect(throws: OperatorError.self, sourceLocation: sourceLocation) {
        _ = try OperatorSession(
          BidirectionalSequenceRNN(options: .defaults), operands, variables: variables,
          outputs: [(ElementType, Quantization)](repeating: (.float32, .none), count: outputs))
      }
    }
    expectError(good, outputs: 1)
    expectError(good, variables: [4])
    expectError(Array(good.dropLast()))
    for index in good.indices {
      var operands = good
      operands[index] = nil
      expectError(operands)
      operands[index] = try TestTensor([1] as [Float], [1, 1, 1, 1])
      expectError(operands)
      operands[index] = good[index]
      operands[index]?.type.element = .int32
      expectError(operands)
    }
  }

  @Test func refusesBadOptions() throws {
    #expect(throws: OperatorError.self) { try BidirectionalSequenceRNN(options: .table([1: .int8(6)])) }
  }
}
