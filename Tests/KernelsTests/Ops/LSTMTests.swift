import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct LSTMTests {
  static let parts: [LSTMModel.Parts] = [
    [], .coupled, .peephole, .projection, [.projection, .projectionBias], .normalization,
    [.coupled, .peephole], [.peephole, .normalization], [.peephole, .projection, .projectionBias, .normalization],
    [.coupled, .peephole, .projection, .normalization],
  ]

  static func options(_ model: LSTMModel, activation: Int8 = 4) throws -> OperatorOptions {
    var asymmetric = false
    if case .hybrid(_, true) = model.kind { asymmetric = true }
    return try .table([
      0: .int8(activation), 1: .float(Float(model.cellClip)), 2: .float(Float(model.projectionClip)),
      4: .bool(asymmetric),
    ])
  }

  /// Inputs of the operator in their order.
  static func operands(_ model: LSTMModel, input: TestTensor, batches: Int) throws -> [TestTensor?] {
    let states: [TestTensor?] = try model.states(batches: batches)
    return [input] + model.tensors + states + model.normalizationTensors
  }

  /// Runs some steps and compares each with the oracle.
  func check(
    _ model: LSTMModel, batches: Int, steps: Int = 3, threads: Int = 1, tolerance: Float = 1e-5,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let data = Sequences(batches: batches, steps: steps, size: model.inputSize, seed: 7)
    func input(_ step: Int) throws -> TestTensor {
      let values = data.rows.flatMap { $0[step] }
      guard model.kind == .integer else { return try TestTensor(values, [batches, model.inputSize]) }
      return try TestTensor(
        values.map { Int8(min(max(($0 * 64).rounded() + 3, -128), 127)) }, [batches, model.inputSize],
        quantization: LSTMModel.inputQuantization)
    }
    let integer = model.kind == .integer
    let session = try OperatorSession(
      LSTM(options: Self.options(model)), Self.operands(model, input: input(0), batches: batches),
      variables: [18, 19], intermediates: model.intermediates,
      outputs: [integer ? (.int8, LSTMModel.outputQuantization) : (.float32, .none)], threads: threads)
    #expect(session.outputs[0].shape.dimensions == [batches, model.outputs])
    var states = [LSTMModel.State](repeating: model.start, count: batches)
    for step in 0..<steps {
      try session.set(0, to: input(step))
      try session.invoke(sourceLocation: sourceLocation)
      for batch in 0..<batches {
        var row = data.rows[batch][step].map { Double($0) }
        if integer { row = row.map { ($0 * 64).rounded() / 64 } }
        model.step(&states[batch], row)
      }
      let expected = states.flatMap { $0.output.map { Float($0) } }
      if integer {
        let actual = session.output(as: Int8.self).map { (Float($0) + 5) / 128 }
        for (a, e) in zip(actual, expected) {
          let limited = min(max(e, -123.0 / 128), 132.0 / 128)
          #expect(abs(a - limited) <= 6.0 / 128, "step \(step)", sourceLocation: sourceLocation)
        }
        #expect(session.input(18, as: Int8.self) == session.output(as: Int8.self))
      } else {
        expectClose(session.output(as: Float.self), expected, tolerance: tolerance, sourceLocation: sourceLocation)
        expectClose(
          session.input(19, as: Float.self), states.flatMap { $0.cell.map { Float($0) } }, tolerance: tolerance,
          sourceLocation: sourceLocation)
        #expect(session.input(18, as: Float.self) == session.output(as: Float.self))
      }
    }
  }

  @Test(arguments: parts) func floatParts(parts: LSTMModel.Parts) throws {
    try check(LSTMModel(.float, parts, inputSize: 5, cells: 6, seed: 1), batches: 2)
  }

  @Test(arguments: [1, 3, 4, 5, 11, 16, 17, 35]) func floatSizes(cells: Int) throws {
    try check(LSTMModel(.float, .peephole, inputSize: cells + 1, cells: cells, seed: 2), batches: 1)
    try check(LSTMModel(.float, .projection, inputSize: 3, cells: cells, outputs: cells + 2, seed: 3), batches: 3)
  }

  @Test func manyCellsOnThreads() throws {
    try check(
      LSTMModel(.float, .projection, inputSize: 130, cells: 129, outputs: 65, seed: 4), batches: 3, steps: 1, threads: 3
    )
    try check(
      LSTMModel(.hybrid(.int8, asymmetric: true), [], inputSize: 130, cells: 129, seed: 4), batches: 3, steps: 1,
      threads: 3,
      tolerance: 1e-4)
  }

  @Test(arguments: parts) func hybridParts(parts: LSTMModel.Parts) throws {
    for kind in [
      LSTMModel.Kind.hybrid(.int8, asymmetric: false), .hybrid(.int8, asymmetric: true),
      .hybrid(.uint8, asymmetric: false),
    ] {
      try check(LSTMModel(kind, parts, inputSize: 5, cells: 6, seed: 5), batches: 2, tolerance: 1e-4)
    }
  }

  @Test(
    arguments: [[], .coupled, .peephole, .projection, [.projection, .projectionBias], .normalization]
      as [LSTMModel.Parts])
  func integerParts(parts: LSTMModel.Parts) throws {
    try check(LSTMModel(.integer, parts, inputSize: 5, cells: 8, outputs: 8, seed: 6), batches: 2)
    try check(LSTMModel(.integer, parts, inputSize: 17, cells: 16, outputs: 16, seed: 7), batches: 1)
  }

  @Test func clips() throws {
    var model = try LSTMModel(.float, [.projection], inputSize: 4, cells: 6, seed: 8)
    model.cellClip = 0.1
    model.projectionClip = 0.05
    try check(model, batches: 2)
    model = try LSTMModel(.integer, [.projection], inputSize: 4, cells: 6, seed: 8)
    model.cellClip = 0.125
    model.projectionClip = 0.0625
    try check(model, batches: 2)
  }

  @Test func weightsThatAreComputed() throws {
    let model = try LSTMModel(
      .hybrid(.int8, asymmetric: true), [.projection, .peephole], inputSize: 5, cells: 6, seed: 9)
    let input = try TestTensor([0.5, -0.25, 1, 0, 0.75] as [Float], [1, 5])
    let constant = try Self.operands(model, input: input, batches: 1)
    let computed = constant.map { tensor in
      var copy = tensor
      copy?.isConstant = false
      return copy
    }
    var results: [[Float]] = []
    for operands in [constant, computed] {
      let session = try OperatorSession(
        LSTM(options: Self.options(model)), operands, variables: [18, 19], outputs: [(.float32, .none)])
      try session.invoke()
      try session.invoke()
      results.append(session.output(as: Float.self))
    }
    #expect(results[0] == results[1])
  }

  @Test func activations() throws {
    // The cell gate is 2 x + 1 and the other gates are open (sigmoid of 40), so that the state is the activated gate.
    let expected: [Int8: Float] = [1: 3, 2: 1, 3: 3, 4: 0.9950547]
    for (activation, gate) in expected {
      let model = try LSTMModel(inputSize: 1, cells: 1, seed: 1)
      var operands = try Self.operands(model, input: TestTensor([1] as [Float], [1, 1]), batches: 1)
      for index in 1...4 { operands[index] = try TestTensor([index == 3 ? 2 : 0] as [Float], [1, 1]).constant }
      for index in 12...15 { operands[index] = try TestTensor([index == 14 ? 1 : 40] as [Float]).constant }
      let session = try OperatorSession(
        LSTM(options: Self.options(model, activation: activation)), operands, variables: [18, 19],
        outputs: [(.float32, .none)])
      try session.invoke()
      expectClose(session.input(19, as: Float.self), [gate])
    }
  }

  @Test func extremes() throws {
    let model = try LSTMModel(inputSize: 2, cells: 3, seed: 10)
    for (value, isNaN) in [(Float.nan, true), (.infinity, false), (3e38, false)] {
      let session = try OperatorSession(
        LSTM(options: Self.options(model)),
        Self.operands(model, input: TestTensor([value, 0], [1, 2]), batches: 1), variables: [18, 19],
        outputs: [(.float32, .none)])
      try session.invoke()
      let result = session.output(as: Float.self)
      #expect(result.allSatisfy { isNaN ? $0.isNaN : abs($0) <= 1 })
    }
  }

  @Test func quantizedExtremes() throws {
    for parts in [[], .normalization, [.projection, .peephole]] as [LSTMModel.Parts] {
      let model = try LSTMModel(.integer, parts, inputSize: 40, cells: 9, outputs: 9, seed: 11)
      for value in [-128, 127] as [Int8] {
        var operands = try Self.operands(
          model,
          input: TestTensor([Int8](repeating: value, count: 40), [1, 40], quantization: LSTMModel.inputQuantization),
          batches: 1)
        for index in 1...8 {
          operands[index] = operands[index].flatMap { tensor in
            var copy = tensor
            copy.bytes = copy.bytes.map { _ in 0x80 }
            return copy
          }
        }
        let session = try OperatorSession(
          LSTM(options: Self.options(model)), operands, variables: [18, 19], intermediates: model.intermediates,
          outputs: [(.int8, LSTMModel.outputQuantization)])
        for _ in 0..<3 { try session.invoke() }
      }
    }
  }

  @Test func emptyBatch() throws {
    for kind in [LSTMModel.Kind.float, .hybrid(.int8, asymmetric: true), .integer] {
      let model = try LSTMModel(kind, .projection, inputSize: 3, cells: 4, seed: 12)
      let input =
        kind == .integer
        ? try TestTensor([Int8](), [0, 3], quantization: LSTMModel.inputQuantization)
        : try TestTensor([Float](), [0, 3])
      let session = try OperatorSession(
        LSTM(options: Self.options(model)), Self.operands(model, input: input, batches: 0), variables: [18, 19],
        intermediates: model.intermediates,
        outputs: [kind == .integer ? (.int8, LSTMModel.outputQuantization) : (.float32, .none)])
      try session.invoke()
      #expect(session.outputs[0].shape.dimensions == [0, 3])
    }
  }

  @Test func byteGates() throws {
    // Gates of 8 bits: no oracle but the ranges, and that equal runs give equal results.
    let model = try LSTMModel(
      .integer, [.projection, .projectionBias, .normalization, .coupled], inputSize: 7, cells: 5, outputs: 5, seed: 13)
    var operands = try Self.operands(
      model,
      input: TestTensor([9, -20, 33, 100, -128, 127, 0] as [Int8], [1, 7], quantization: LSTMModel.inputQuantization),
      batches: 1)
    operands[19] = try TestTensor(
      [Int16](repeating: 0, count: 5), [1, 5], quantization: .perTensor(scale: 0x1p-15, zeroPoint: 0))
    let inner = (0..<12).map {
      TensorType(
        element: .int8, shape: .scalar, quantization: .perTensor(scale: $0 % 3 == 0 ? 0x1p-12 : 0x1p-5, zeroPoint: $0))
    }
    var results: [[Int8]] = []
    for _ in 0..<2 {
      let session = try OperatorSession(
        LSTM(options: Self.options(model)), operands, variables: [18, 19], intermediates: inner,
        outputs: [(.int8, LSTMModel.outputQuantization)])
      for _ in 0..<4 { try session.invoke() }
      results.append(session.output(as: Int8.self))
      #expect(session.input(19, as: Int16.self).contains { $0 != 0 })
    }
    #expect(results[0] == results[1])
    #expect(throws: OperatorError.self) {
      var bare = operands
      for index in 20...23 { bare[index] = nil }
      _ = try OperatorSession(
        LSTM(options: Self.options(model)), bare, variables: [18, 19], intermediates: inner,
        outputs: [(.int8, LSTMModel.outputQuantization)])
    }
  }

  @Test func refusesBadOperands() throws {
    let model = try LSTMModel(
      .float, [.peephole, .projection, .projectionBias, .normalization], inputSize: 3, cells: 4, seed: 14)
    let good = try Self.operands(model, input: TestTensor([1, 2, 3] as [Float], [1, 3]), batches: 1)
    func expectError(
      _ operands: [TestTensor?], variables: Set<Int> = [18, 19], sourceLocation: SourceLocation = #_sourceLocation
    ) {
      #expect(throws: OperatorError.self, sourceLocation: sourceLocation) {
        _ = try OperatorSession(
          LSTM(options: Self.options(model)), operands, variables: variables, outputs: [(.float32, .none)])
      }
    }
    func changed(_ index: Int, _ tensor: TestTensor?) -> [TestTensor?] {
      var operands = good
      operands[index] = tensor
      return operands
    }
    expectError(good, variables: [18])
    expectError(good, variables: [19])
    expectError(Array(good.dropLast()))
    expectError([])
    // Shapes, ranks and types of every operand.
    for index in good.indices {
      expectError(changed(index, try TestTensor([1] as [Float], [1, 1, 1, 1])))
      expectError(changed(index, try TestTensor([Int64](), [0])))
      if [0, 2, 3, 4, 6, 7, 8, 13, 14, 15, 18, 19].contains(index) { expectError(changed(index, nil)) }
    }
    // Halves of optional parts.
    for index in [1, 5, 9, 10, 11, 12, 16, 20, 22] { expectError(changed(index, nil)) }
    expectError(changed(0, try TestTensor([Double](repeating: 0, count: 3), [1, 3])))
  }

  @Test func refusesBadOptions() throws {
    #expect(throws: OperatorError.self) { try LSTM(options: .table([0: .int8(9)])) }
    #expect(throws: OperatorError.self) { try LSTM(options: .table([1: .float(-1)])) }
    #expect(throws: OperatorError.self) { try LSTM(options: .table([2: .float(.nan)])) }
    #expect(throws: OperatorError.self) { try LSTM(options: .table([3: .int8(2)])) }
  }

  @Test func integerCellsNeedQuantization() throws {
    let model = try LSTMModel(.integer, [], inputSize: 3, cells: 4, seed: 15)
    let input = try TestTensor([1, 2, 3] as [Int8], [1, 3], quantization: LSTMModel.inputQuantization)
    let good = try Self.operands(model, input: input, batches: 1)
    func expectError(_ operands: [TestTensor?], _ intermediates: [TensorType]) {
      #expect(throws: OperatorError.self) {
        _ = try OperatorSession(
          LSTM(options: Self.options(model)), operands, variables: [18, 19], intermediates: intermediates,
          outputs: [(.int8, LSTMModel.outputQuantization)])
      }
    }
    expectError(good, [])
    expectError(good, Array(model.intermediates.dropLast()))
    expectError(good, model.intermediates.dropLast() + [TensorType(element: .int8, shape: .scalar)])
    for index in [0, 2, 6, 18, 19] {
      var operands = good
      operands[index]?.type.quantization = .none
      expectError(operands, model.intermediates)
    }
    var operands = good
    operands[19]?.type.quantization = .perTensor(scale: 0.3, zeroPoint: 0)
    expectError(operands, model.intermediates)
    operands[19]?.type.quantization = .perTensor(scale: 0x1p-20, zeroPoint: 0)
    expectError(operands, model.intermediates)
  }
}
