public import TensorTypes

/// `BIDIRECTIONAL_SEQUENCE_LSTM`: two LSTM cells over a batch of sequences, one from the first step to the last and one back.
///
/// Inputs, 48: the sequences `[batch, time, input size]`, or `[time, batch, input size]` when `time_major`; 17 operands of the forward cell as for
/// ``LSTM`` (input weights to projection bias) and 17 of the backward cell; the output and cell state variables of both; an auxiliary input of
/// the same batch and time, and the auxiliary weights of the four gates of both cells. With auxiliary weights, both cells see input and
/// auxiliary input; without, an auxiliary input is what the backward cell sees in place of the input. Both cells have the same sizes. The outputs
/// are `[…, outputs]` of each cell, or with `merge_outputs` one of `[…, 2 * outputs]`.
///
/// Types: `float32`, and `float32` with `int8` or `uint8` weights (bytes are read as signed), for which rows are quantised while the model runs.
public struct BidirectionalSequenceLSTM: Operator {
  public static let definition = OperatorDefinition(.bidirectionalSequenceLstm, versions: 1...3, options: 69)

  package let options: LSTMOptions
  /// Whether the cells write one output together.
  package let mergesOutputs: Bool
  /// Whether time is the first dimension.
  package let isTimeMajor: Bool

  public init(options: OperatorOptions) throws(OperatorError) {
    self.options = try LSTMOptions(
      activation: try FusedActivation(options, slot: 0), cellClip: try options.float(1),
      projectionClip: try options.float(2), isAsymmetric: try options.bool(5))
    mergesOutputs = try options.bool(3)
    isTimeMajor = try options.bool(4, default: true)
  }

  public var isPure: Bool { false }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    let (cells, _) = try plan(node)
    let input = try node.input(0).shape
    let (forward, backward) = (cells[0].geometry.outputs, cells[1].geometry.outputs)
    var result: [Shape] = []
    for size in mergesOutputs ? [forward + backward] : [forward, backward] {
      guard let shape = Shape([input[0], input[1], size]) else {
        throw .malformed("the output of input \(input) is too large")
      }
      result.append(shape)
    }
    return result
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let (cells, sequence) = try plan(node)
    let (forwardSize, backwardSize) = (cells[0].geometry.outputs, cells[1].geometry.outputs)
    let stride = mergesOutputs ? forwardSize + backwardSize : nil
    let forward = try LSTMCell(
      node, operands: cells[0].operands, geometry: cells[0].geometry, sequence: sequence, options: options,
      output: SequenceOutput(index: 0, rowStride: stride ?? forwardSize, offset: 0))
    var reversed = sequence
    reversed.isForward = false
    let backward = try LSTMCell(
      node, operands: cells[1].operands, geometry: cells[1].geometry, sequence: reversed, options: options,
      output: SequenceOutput(
        index: mergesOutputs ? 0 : 1, rowStride: stride ?? backwardSize, offset: mergesOutputs ? forwardSize : 0))
    return Kernel(scratch: Kernel.sharedScratch(forward.scratch, backward.scratch)) { io throws(OperatorError) in
      try forward.run(io)
      try backward.run(io)
    }
  }

  private typealias Cell = (operands: LSTMOperands, geometry: LSTMGeometry)

  private func plan(_ node: NodeContext) throws(OperatorError) -> (cells: [Cell], SequenceGeometry) {
    try node.expect(inputs: 48, outputs: mergesOutputs ? 1 : 2)
    let input = try node.input(0)
    guard input.shape.rank == 3 else { throw .malformed("the input must have rank 3, not \(input.shape)") }
    for output in node.outputs where output.element != .float32 {
      throw .malformed("outputs must be float32, not \(output.element)")
    }
    let sequence = SequenceGeometry(
      batches: input.shape[isTimeMajor ? 1 : 0], steps: input.shape[isTimeMajor ? 0 : 1], isTimeMajor: isTimeMajor)
    // Forget, cell and output gate of both cells: all or none.
    let auxiliaryWeights = [41, 42, 43, 45, 46, 47].map { node.hasInput($0) }
    let usesAuxiliary = auxiliaryWeights[0]
    guard auxiliaryWeights.allSatisfy({ $0 == usesAuxiliary }) else {
      throw .malformed("auxiliary input weights must be there for all gates of both cells or for none")
    }
    if usesAuxiliary || node.hasInput(39) {
      let auxiliary = try node.input(39)
      guard auxiliary.element == .float32, auxiliary.shape.rank == 3,
        auxiliary.shape.dimensions.dropLast() == input.shape.dimensions.dropLast(),
        usesAuxiliary || auxiliary.shape == input.shape
      else { throw .malformed("the auxiliary input \(auxiliary) does not fit the input \(input)") }
    }
    var cells: [Cell] = []
    for isForward in [true, false] {
      var operands = LSTMOperands.bidirectional(isForward: isForward)
      if usesAuxiliary {
        operands.auxiliary = 39
        operands.auxiliaryWeights = isForward ? Array(40...43) : Array(44...47)
      } else if !isForward, node.hasInput(39) {
        operands.input = 39
      }
      cells.append(
        (
          operands,
          try LSTMGeometry(
            node, operands, inputSize: input.shape[2], batches: sequence.batches, takesDiagonal: false,
            takesIntegers: false)
        ))
    }
    guard cells[0].geometry.cells == cells[1].geometry.cells, cells[0].geometry.outputs == cells[1].geometry.outputs,
      cells[0].geometry.arithmetic == cells[1].geometry.arithmetic
    else { throw .malformed("the forward and the backward cell have different sizes or types") }
    return (cells, sequence)
  }
}

extension Kernel {
  /// Scratch buffers that two computations use one after the other.
  static func sharedScratch(_ a: [Int], _ b: [Int]) -> [Int] {
    (0..<max(a.count, b.count)).map { max($0 < a.count ? a[$0] : 0, $0 < b.count ? b[$0] : 0) }
  }
}
