import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct UnidirectionalSequenceLSTMTests {
  private func options(_ model: LSTMModel, timeMajor: Bool) throws -> OperatorOptions {
    var asymmetric = false
    if case .hybrid(_, true) = model.kind { asymmetric = true }
    return try .table([
      0: .int8(4), 1: .float(Float(model.cellClip)), 2: .float(Float(model.projectionClip)), 3: .bool(timeMajor),
      4: .bool(asymmetric),
    ])
  }

  /// Two invocations, the second of which goes on where the first ended.
  private func check(
    _ model: LSTMModel, batches: Int, steps: Int, timeMajor: Bool, threads: Int = 1, tolerance: Float = 1e-5,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let integer = model.kind == .integer
    var session: OperatorSession?
    var states = [LSTMModel.State](repeating: model.start, count: batches)
    for seed in 1...2 as ClosedRange<UInt64> {
      let data = Sequences(batches: batches, steps: steps, size: model.inputSize, seed: seed)
      let values = data.values(timeMajor: timeMajor)
      let input =
        integer
        ? try TestTensor(
          values.map { Int8(min(max(($0 * 64).rounded() + 3, -128), 127)) }, data.dimensions(timeMajor: timeMajor),
          quantization: LSTMModel.inputQuantization)
        : try TestTensor(values, data.dimensions(timeMajor: timeMajor))
      if let session {
        try session.set(0, to: input)
      } else {
        session = try OperatorSession(
          UnidirectionalSequenceLSTM(options: options(model, timeMajor: timeMajor)),
          LSTMTests.operands(model, input: input, batches: batches), variables: [18, 19],
          intermediates: model.intermediates,
          outputs: [integer ? (.int8, LSTMModel.outputQuantization) : (.float32, .none)], threads: threads)
      }
      let running = try #require(session)
      try running.invoke(sourceLocation: sourceLocation)
      var rows: [[[Float]]] = []
      for batch in 0..<batches {
        rows.append(
          (0..<steps).map { step in
            var row = data.rows[batch][step].map { Double($0) }
            if integer { row = row.map { ($0 * 64).rounded() / 64 } }
            model.step(&states[batch], row)
            return states[batch].output.map { Float($0) }
          })
      }
      let expected = Sequences.flattened(rows, steps: steps, timeMajor: timeMajor)
      if integer {
        let actual = running.output(as: Int8.self).map { (Float($0) + 5) / 128 }
        #expect(actual.count == expected.count, sourceLocation: sourceLocation)
        for (a, e) in zip(actual, expected) {
          #expect(abs(a - min(max(e, -123.0 / 128), 132.0 / 128)) <= 8.0 / 128, sourceLocation: sourceLocation)
        }
      } else {
        expectClose(running.output(as: Float.self), expected, tolerance: tolerance, sourceLocation: sourceLocation)
      }
    }
  }

  @Test(arguments: LSTMTests.parts, [true, false]) func floatParts(parts: LSTMModel.Parts, timeMajor: Bool) throws {
    try check(
      LSTMModel(.float, parts, inputSize: 5, cells: 6, seed: 1), batches: 3, steps: 4, timeMajor: timeMajor)
  }

  @Test(arguments: [[.diagonal], [.diagonal, .peephole], [.diagonal, .coupled, .normalization]] as [LSTMModel.Parts])
  func diagonalRecurrentWeights(parts: LSTMModel.Parts) throws {
    for timeMajor in [true, false] {
      try check(LSTMModel(.float, parts, inputSize: 3, cells: 5, seed: 2), batches: 2, steps: 3, timeMajor: timeMajor)
      try check(
        LSTMModel(.hybrid(.int8, asymmetric: true), parts, inputSize: 3, cells: 5, seed: 2), batches: 2, steps: 3,
        timeMajor: timeMajor, tolerance: 1e-4)
    }
  }

  @Test(arguments: LSTMTests.parts) func hybridParts(parts: LSTMModel.Parts) throws {
    for (kind, timeMajor) in [
      (LSTMModel.Kind.hybrid(.int8, asymmetric: false), true), (.hybrid(.int8, asymmetric: true), false),
      (.hybrid(.uint8, asymmetric: true), true),
    ] {
      try check(
        LSTMModel(kind, parts, inputSize: 5, cells: 6, seed: 3), batches: 2, steps: 4, timeMajor: timeMajor,
        tolerance: 1e-4)
    }
  }

  @Test(arguments: [[], .coupled, .projection, .normalization] as [LSTMModel.Parts], [true, false])
  func integerParts(parts: LSTMModel.Parts, timeMajor: Bool) throws {
    try check(
      LSTMModel(.integer, parts, inputSize: 5, cells: 8, outputs: 8, seed: 4), batches: 2, steps: 3,
      timeMajor: timeMajor)
  }

  /// So many cells that the steps do not fit into one block.
  @Test(arguments: [true, false]) func manyBlocks(timeMajor: Bool) throws {
    let model = try LSTMModel(.float, .projection, inputSize: 2, cells: 200, outputs: 2, seed: 5)
    try check(model, batches: 8, steps: 45, timeMajor: timeMajor, threads: 2, tolerance: 1e-5)
  }

  @Test func threadsDoNotMatter() throws {
    let model = try LSTMModel(.float, [], inputSize: 130, cells: 257, seed: 6)
    let data = Sequences(batches: 9, steps: 5, size: 130, seed: 1)
    var results: [[Float]] = []
    for threads in [1, 2, 3] {
      let session = try OperatorSession(
        UnidirectionalSequenceLSTM(options: options(model, timeMajor: false)),
        LSTMTests.operands(
          model, input: TestTensor(data.values(timeMajor: false), data.dimensions(timeMajor: false)), batches: 9),
        variables: [18, 19], outputs: [(.float32, .none)], threads: threads)
      try session.invoke()
      results.append(session.output(as: Float.self))
    }
    #expect(results[0] == results[1] && results[0] == results[2])
  }

  @Test(arguments: [[0, 2, 3], [2, 0, 3], [0, 0, 3]], [true, false])
  func emptySequences(dimensions: [Int], timeMajor: Bool) throws {
    let model = try LSTMModel(inputSize: 3, cells: 4, seed: 7)
    let batches = dimensions[timeMajor ? 1 : 0]
    let session = try OperatorSession(
      UnidirectionalSequenceLSTM(options: options(model, timeMajor: timeMajor)),
      LSTMTests.operands(model, input: TestTensor([Float](), dimensions), batches: batches), variables: [18, 19],
      outputs: [(.float32, .none)])
    try session.invoke()
    #expect(session.outputs[0].shape.dimensions == [dimensions[0], dimensions[1], 4])
    #expect(session.input(19, as: Float.self).allSatisfy { $0 == 0 })
  }

  @Test func nanStaysInItsSequence() throws {
    let model = try LSTMModel(inputSize: 1, cells: 3, seed: 8)
    let session = try OperatorSession(
      UnidirectionalSequenceLSTM(options: options(model, timeMajor: false)),
      LSTMTests.operands(model, input: TestTensor([1, .nan, 1, 1, 1, 1] as [Float], [2, 3, 1]), batches: 2),
      variables: [18, 19], outputs: [(.float32, .none)])
    try session.invoke()
    let result = session.output(as: Float.self)
    #expect(result[0..<3].allSatisfy { $0.isFinite })
    #expect(result[3..<9].allSatisfy { $0.isNaN })
    #expect(result[9..<18].allSatisfy { $0.isFinite })
  }

  @Test func refusesBadOperands() throws {
    let model = try LSTMModel(.float, [.peephole, .projection], inputSize: 3, cells: 4, outputs: 4, seed: 9)
    let good = try LSTMTests.operands(model, input: TestTensor([Float](repeating: 1, count: 6), [1, 2, 3]), batches: 1)
    func expectError(_ operands: [TestTensor?], sourceLocation: SourceLocation = #_sourceLocation) {
      #expect(throws: OperatorError.self, sourceLocation: sourceLocation) {
        _ = try OperatorSession(
          UnidirectionalSequenceLSTM(options: options(model, timeMajor: false)), operands, variables: [18, 19],
          outputs: [(.float32, .none)])
      }
    }
    expectError(Array(good.dropLast(5)))
    for index in good.indices where good[index] != nil {
      var operands = good
      operands[index] = try TestTensor([1] as [Float], [1, 1, 1, 1])
      expectError(operands)
      operands[index] = good[index]
      operands[index]?.type.element = .int32
      expectError(operands)
    }
    // A diagonal matrix of bytes, and one in an integer cell.
    var operands = good
    operands[6] = try TestTensor([1, 2, 3, 4] as [Int8], quantization: .perTensor(scale: 1, zeroPoint: 0))
    expectError(operands)
    let integer = try LSTMModel(.integer, [], inputSize: 3, cells: 4, seed: 9)
    operands = try LSTMTests.operands(
      integer, input: TestTensor([1, 2, 3] as [Int8], [1, 1, 3], quantization: LSTMModel.inputQuantization), batches: 1)
    operands[6] = try TestTensor([1, 2, 3, 4] as [Float])
    #expect(throws: OperatorError.self) {
      _ = try OperatorSession(
        UnidirectionalSequenceLSTM(options: .defaults), operands, variables: [18, 19],
        intermediates: integer.intermediates, outputs: [(.int8, LSTMModel.outputQuantization)])
    }
  }

  @Test func refusesBadOptions() throws {
    #expect(throws: OperatorError.self) { try UnidirectionalSequenceLSTM(options: .table([0: .int8(-1)])) }
    #expect(throws: OperatorError.self) { try UnidirectionalSequenceLSTM(options: .table([1: .float(-0.5)])) }
  }
}
