import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct BidirectionalSequenceLSTMTests {
  /// What the auxiliary input is used for.
  enum Auxiliary: CaseIterable, Sendable {
    case none, crossLinks, backwardInput
  }

  private func options(_ model: LSTMModel, merge: Bool, timeMajor: Bool) throws -> OperatorOptions {
    var asymmetric = false
    if case .hybrid(_, true) = model.kind { asymmetric = true }
    return try .table([
      0: .int8(4), 1: .float(Float(model.cellClip)), 2: .float(Float(model.projectionClip)), 3: .bool(merge),
      4: .bool(timeMajor), 5: .bool(asymmetric),
    ])
  }

  private func operands(
    _ models: [LSTMModel], input: TestTensor, auxiliary: TestTensor?, batches: Int
  ) throws -> [TestTensor?] {
    var result: [TestTensor?] = [input]
    for model in models { result += model.tensors }
    for model in models { result += try model.states(batches: batches) as [TestTensor?] }
    result.append(auxiliary)
    for model in models {
      result += model.auxiliaryTensors.isEmpty ? [TestTensor?](repeating: nil, count: 4) : model.auxiliaryTensors
    }
    return result
  }

  private func check(
    _ kind: LSTMModel.Kind, _ parts: LSTMModel.Parts, _ auxiliary: Auxiliary, merge: Bool, timeMajor: Bool,
    batches: Int = 2, steps: Int = 3, tolerance: Float = 1e-5, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let auxiliarySize = auxiliary == .crossLinks ? 2 : auxiliary == .backwardInput ? 5 : 0
    let models = try [1, 2].map {
      try LSTMModel(
        kind, parts, inputSize: 5, auxiliarySize: auxiliary == .crossLinks ? 2 : 0, cells: 6, seed: UInt64($0))
    }
    let data = Sequences(batches: batches, steps: steps, size: 5, seed: 3)
    let other = Sequences(batches: batches, steps: steps, size: auxiliarySize, seed: 4)
    let session = try OperatorSession(
      BidirectionalSequenceLSTM(options: options(models[0], merge: merge, timeMajor: timeMajor)),
      operands(
        models, input: TestTensor(data.values(timeMajor: timeMajor), data.dimensions(timeMajor: timeMajor)),
        auxiliary: auxiliary == .none
          ? nil : TestTensor(other.values(timeMajor: timeMajor), other.dimensions(timeMajor: timeMajor)),
        batches: batches), variables: [35, 36, 37, 38],
      outputs: [(ElementType, Quantization)](repeating: (.float32, .none), count: merge ? 1 : 2), threads: 2)
    var states = models.map { [LSTMModel.State](repeating: $0.start, count: batches) }
    for _ in 0..<2 {
      try session.invoke(sourceLocation: sourceLocation)
      var rows = models.map { model in
        [[[Float]]](repeating: [[Float]](repeating: [], count: steps), count: batches).map { $0 }
      }
      for (direction, model) in models.enumerated() {
        for batch in 0..<batches {
          for step in direction == 0 ? Array(0..<steps) : (0..<steps).reversed() {
            let source = direction == 1 && auxiliary == .backwardInput ? other : data
            model.step(
              &states[direction][batch], source.rows[batch][step].map { Double($0) },
              auxiliary: auxiliary == .crossLinks ? other.rows[batch][step].map { Double($0) } : [])
            rows[direction][batch][step] = states[direction][batch].output.map { Float($0) }
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
  }

  @Test(arguments: Auxiliary.allCases, [true, false]) func floats(auxiliary: Auxiliary, timeMajor: Bool) throws {
    for merge in [true, false] {
      try check(.float, [], auxiliary, merge: merge, timeMajor: timeMajor)
      try check(
        .float, [.coupled, .peephole, .projection, .projectionBias], auxiliary, merge: merge, timeMajor: timeMajor)
      try check(.float, .projection, auxiliary, merge: merge, timeMajor: timeMajor, batches: 1, steps: 1)
    }
  }

  @Test(arguments: Auxiliary.allCases, [true, false]) func hybrid(auxiliary: Auxiliary, timeMajor: Bool) throws {
    for kind in [
      LSTMModel.Kind.hybrid(.int8, asymmetric: false), .hybrid(.int8, asymmetric: true),
      .hybrid(.uint8, asymmetric: false),
    ] {
      try check(kind, [.peephole, .projection], auxiliary, merge: true, timeMajor: timeMajor, tolerance: 1e-4)
      try check(kind, .coupled, auxiliary, merge: false, timeMajor: timeMajor, tolerance: 1e-4)
    }
  }

  @Test func emptySequences() throws {
    let models = try [1, 2].map { try LSTMModel(inputSize: 3, cells: 4, seed: $0) }
    for dimensions in [[0, 2, 3], [2, 0, 3]] {
      let session = try OperatorSession(
        BidirectionalSequenceLSTM(options: options(models[0], merge: true, timeMajor: false)),
        operands(models, input: TestTensor([Float](), dimensions), auxiliary: nil, batches: dimensions[0]),
        variables: [35, 36, 37, 38], outputs: [(.float32, .none)])
      try session.invoke()
      #expect(session.outputs[0].shape.dimensions == [dimensions[0], dimensions[1], 8])
    }
  }

  @Test func timeIsMajorByDefault() throws {
    #expect(try BidirectionalSequenceLSTM(options: .defaults).isTimeMajor)
  }

  @Test func refusesBadOperands() throws {
    let models = try [1, 2].map {
      try LSTMModel(.float, .projection, inputSize: 3, auxiliarySize: 2, cells: 4, seed: $0)
    }
    let good = try operands(
      models, input: TestTensor([1, 2, 3] as [Float], [1, 1, 3]), auxiliary: TestTensor([1, 2] as [Float], [1, 1, 2]),
      batches: 1)
    func expectError(
      _ operands: [TestTensor?], variables: Set<Int> = [35, 36, 37, 38], outputs: Int = 2,
      sourceLocation: SourceLocation = #_sourceLocation
    ) {
      #expect(throws: OperatorError.self, sourceLocation: sourceLocation) {
        _ = try OperatorSession(
          BidirectionalSequenceLSTM(options: .defaults), operands, variables: variables,
          outputs: [(ElementType, Quantization)](repeating: (.float32, .none), count: outputs))
      }
    }
    expectError(good, outputs: 1)
    expectError(good, variables: [35, 36, 37])
    expectError(Array(good.dropLast()))
    for index in good.indices where good[index] != nil {
      var operands = good
      operands[index] = try TestTensor([1] as [Float], [1, 1, 1, 1])
      expectError(operands)
      operands[index] = good[index]
      operands[index]?.type.element = .int32
      expectError(operands)
      // All that is there is needed.
      if index != 16, index != 33 {
        operands[index] = nil
        expectError(operands)
      }
    }
    // Cells of different sizes.
    let other = [
      models[0], try LSTMModel(.float, .projection, inputSize: 3, auxiliarySize: 2, cells: 5, outputs: 3, seed: 3),
    ]
    expectError(
      try operands(
        other, input: TestTensor([1, 2, 3] as [Float], [1, 1, 3]),
        auxiliary: TestTensor([1, 2] as [Float], [1, 1, 2]),
        batches: 1))
  }

  @Test func refusesBadOptions() throws {
    #expect(throws: OperatorError.self) { try BidirectionalSequenceLSTM(options: .table([0: .int8(7)])) }
    #expect(throws: OperatorError.self) { try BidirectionalSequenceLSTM(options: .table([2: .float(-1)])) }
  }
}
