internal import TensorTypes

/// The gates of an LSTM cell, in the order of its weights.
enum LSTMGate: Int, Sendable, CaseIterable {
  case input, forget, cell, output
}

/// Where the operands of one LSTM cell are among an operator's inputs. Gates are in the order of ``LSTMGate``.
struct LSTMOperands: Sendable {
  var input: Int
  var auxiliary: Int?
  /// `[cells, input size]`; that of the input gate is absent in cells with coupled input and forget gates.
  var inputWeights: [Int]
  /// `[cells, auxiliary size]`.
  var auxiliaryWeights: [Int]?
  /// `[cells, outputs]`, or `[cells]` for diagonal matrices.
  var recurrentWeights: [Int]
  /// `[cells]`; of the input, forget and output gate.
  var peephole: [Int]
  /// `[cells]`.
  var biases: [Int]
  /// `[outputs, cells]` and `[outputs]`.
  var projectionWeights: Int
  var projectionBias: Int
  /// Variables with `batches * outputs` and `batches * cells` elements.
  var outputState: Int
  var cellState: Int
  /// `[cells]`; nil in operators without layer normalisation.
  var normalization: [Int]?

  /// The operands of `LSTM` and `UNIDIRECTIONAL_SEQUENCE_LSTM`.
  ///
  /// - Parameter inputCount: 20, or 24 with layer normalisation.
  static func unidirectional(inputCount: Int) -> LSTMOperands {
    LSTMOperands(
      input: 0, inputWeights: Array(1...4), recurrentWeights: Array(5...8), peephole: Array(9...11),
      biases: Array(12...15), projectionWeights: 16, projectionBias: 17, outputState: 18, cellState: 19,
      normalization: inputCount > 20 ? Array(20...23) : nil)
  }

  /// The operands of one direction of `BIDIRECTIONAL_SEQUENCE_LSTM`.
  static func bidirectional(isForward: Bool) -> LSTMOperands {
    let first = isForward ? 1 : 18
    return LSTMOperands(
      input: 0, inputWeights: Array(first..<first + 4), recurrentWeights: Array(first + 4..<first + 8),
      peephole: Array(first + 8..<first + 11), biases: Array(first + 11..<first + 15), projectionWeights: first + 15,
      projectionBias: first + 16, outputState: isForward ? 35 : 37, cellState: isForward ? 36 : 38)
  }
}

/// The arithmetic of an LSTM cell.
enum LSTMArithmetic: Sendable, Hashable {
  case float
  /// Float activations, quantised while the model runs, and `int8` weights.
  case hybrid
  /// `int8` activations and weights.
  case integer
}

/// The sizes of an LSTM cell, and which of its optional parts it has. Checks its operands.
struct LSTMGeometry: Sendable {
  let arithmetic: LSTMArithmetic
  let inputSize: Int
  let auxiliarySize: Int
  let cells: Int
  let outputs: Int
  /// The gates that have weights: all, or all but the input gate.
  let gates: [LSTMGate]
  let hasPeephole: Bool
  let hasProjection: Bool
  let hasProjectionBias: Bool
  let isNormalized: Bool
  /// For each of the four gates, whether its recurrent weights are a diagonal matrix.
  let isDiagonal: [Bool]

  var isCoupled: Bool { gates.count == 3 }

  /// - Parameters:
  ///   - inputSize: the last dimension of the input.
  ///   - batches: rows of the states.
  ///   - takesDiagonal: whether recurrent weights may be vectors.
  ///   - takesIntegers: whether activations may be `int8`.
  init(
    _ node: NodeContext, _ operands: LSTMOperands, inputSize: Int, batches: Int, takesDiagonal: Bool,
    takesIntegers: Bool
  ) throws(OperatorError) {
    let input = try node.input(operands.input)
    let outputWeights = try node.input(operands.inputWeights[3])
    switch (input.element, outputWeights.element) {
    case (.float32, .float32): arithmetic = .float
    case (.float32, .int8), (.float32, .uint8): arithmetic = .hybrid
    case (.int8, .int8) where takesIntegers: arithmetic = .integer
    default:
      throw .unsupported(
        "\(input.element) input with \(outputWeights.element) weights; float32 with float32, int8 or uint8\(takesIntegers ? ", and int8 with int8," : "") are supported"
      )
    }
    let element = outputWeights.element
    guard outputWeights.shape.rank == 2 else {
      throw .malformed("input \(operands.inputWeights[3]), the input weights, must have rank 2")
    }
    self.inputSize = inputSize
    let cells = outputWeights.shape[0]
    self.cells = cells
    let recurrent = try node.input(operands.recurrentWeights[3]).shape
    guard recurrent.rank == 2 || (takesDiagonal && recurrent.rank == 1) else {
      throw .malformed(
        "input \(operands.recurrentWeights[3]), the recurrent weights, must have rank 2, not \(recurrent)")
    }
    let outputs = recurrent[recurrent.rank - 1]
    self.outputs = outputs

    func expect(_ index: Int, _ dimensions: [Int], _ element: ElementType, _ what: String) throws(OperatorError) {
      let type = try node.input(index)
      guard type.shape.dimensions == dimensions else {
        throw .malformed("input \(index), \(what), is \(type.shape), not \(dimensions)")
      }
      guard type.element == element else {
        throw .malformed("input \(index), \(what), is \(type.element), not \(element)")
      }
    }

    let isCoupled = !node.hasInput(operands.inputWeights[0])
    guard isCoupled == !node.hasInput(operands.recurrentWeights[0]) else {
      throw .malformed("the input gate has only one of its input and recurrent weights")
    }
    let gates = isCoupled ? [.forget, .cell, .output] : LSTMGate.allCases
    self.gates = gates
    var isDiagonal = [false, false, false, false]
    for gate in gates {
      try expect(operands.inputWeights[gate.rawValue], [cells, inputSize], element, "the input weights")
      let index = operands.recurrentWeights[gate.rawValue]
      if takesDiagonal, try node.input(index).shape.rank == 1 {
        guard arithmetic != .integer else {
          throw .malformed("input \(index), the recurrent weights, must have rank 2 for int8 activations")
        }
        guard outputs == cells else {
          throw .malformed("diagonal recurrent weights need as many outputs as cells, not \(outputs) and \(cells)")
        }
        isDiagonal[gate.rawValue] = true
        try expect(index, [cells], .float32, "the diagonal recurrent weights")
      } else {
        try expect(index, [cells, outputs], element, "the recurrent weights")
      }
    }
    self.isDiagonal = isDiagonal

    let real: ElementType = arithmetic == .integer ? .int32 : .float32
    if isCoupled, node.hasInput(operands.biases[0]) {
      throw .malformed("the input gate has a bias but no weights")
    }
    for gate in gates { try expect(operands.biases[gate.rawValue], [cells], real, "the bias") }

    let peephole = operands.peephole.map { node.hasInput($0) }
    hasPeephole = peephole[1]
    guard peephole[1] == peephole[2], peephole[0] == (peephole[1] && !isCoupled) || (isCoupled && peephole[1]) else {
      throw .malformed("peephole weights must be there for all gates or for none")
    }
    for (index, isThere) in zip(operands.peephole, peephole) where isThere {
      try expect(index, [cells], arithmetic == .integer ? .int16 : element, "the peephole weights")
    }

    hasProjection = node.hasInput(operands.projectionWeights)
    hasProjectionBias = node.hasInput(operands.projectionBias)
    if hasProjection {
      try expect(operands.projectionWeights, [outputs, cells], element, "the projection weights")
      if hasProjectionBias { try expect(operands.projectionBias, [outputs], real, "the projection bias") }
    } else {
      guard !hasProjectionBias else { throw .malformed("there is a projection bias but no projection weights") }
      guard outputs == cells else {
        throw .malformed("without a projection there must be as many outputs as cells, not \(outputs) and \(cells)")
      }
    }

    if let normalization = operands.normalization, node.hasInput(normalization[1]) {
      isNormalized = true
      if isCoupled, node.hasInput(normalization[0]) {
        throw .malformed("the input gate has layer normalisation coefficients but no weights")
      }
      for gate in gates {
        try expect(
          normalization[gate.rawValue], [cells], arithmetic == .integer ? .int16 : .float32,
          "the layer normalisation coefficients")
      }
    } else {
      isNormalized = false
    }

    if let auxiliary = operands.auxiliary, let weights = operands.auxiliaryWeights {
      auxiliarySize = try node.input(auxiliary).shape.last ?? 0
      for gate in gates {
        try expect(weights[gate.rawValue], [cells, auxiliarySize], element, "the auxiliary input weights")
      }
    } else {
      auxiliarySize = 0
    }

    try node.expectState(
      operands.outputState, elements: batches.multipliedReportingOverflow(by: outputs),
      element: arithmetic == .integer ? .int8 : .float32)
    try node.expectState(
      operands.cellState, elements: batches.multipliedReportingOverflow(by: cells),
      element: arithmetic == .integer ? .int16 : .float32)
  }
}

extension NodeContext {
  /// Checks an input that the operator keeps its state in.
  func expectState(
    _ index: Int, elements: (partialValue: Int, overflow: Bool), element: ElementType
  ) throws(OperatorError) {
    let type = try input(index)
    guard isVariable(index) else {
      throw .malformed("input \(index), a state of the operator, is not a variable")
    }
    guard !elements.overflow, type.shape.elementCount == elements.partialValue else {
      throw .malformed("input \(index), a state, has the shape \(type.shape), not \(elements.partialValue) elements")
    }
    guard type.element == element else {
      throw .malformed("input \(index), a state, is \(type.element), not \(element)")
    }
  }
}
