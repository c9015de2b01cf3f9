public import TensorTypes

/// `BIDIRECTIONAL_SEQUENCE_RNN`: two simple recurrent cells over a batch of sequences, one from the first step to the last and one back.
///
/// Inputs, 12: the sequences `[batch, time, input size]`, or `[time, batch, input size]` when `time_major`; weights, recurrent weights, bias and
/// state of the forward cell, then of the backward cell, as for ``RNN``; an auxiliary input of the same batch and time, and the auxiliary weights
/// of both cells. With auxiliary weights, both cells see input and auxiliary input. Without, an auxiliary input is what the backward cell sees in
/// place of the input when `time_major`, and it plays no part otherwise, as in TFLite. The outputs are `[…, units]` of each cell, or with
/// `merge_outputs` one with both side by side. Types are those of ``RNN``.
///
/// As in TFLite, with 8-bit weights and `time_major` both cells run over the whole sequence once for each step, so that their states see it that
/// often.
public struct BidirectionalSequenceRNN: Operator {
  public static let definition = OperatorDefinition(.bidirectionalSequenceRnn, versions: 1...3, options: 70)

  package let activation: FusedActivation
  /// Whether time is the first dimension.
  package let isTimeMajor: Bool
  /// Whether the cells write one output together.
  package let mergesOutputs: Bool
  /// Whether rows are quantised with a zero point, for 8-bit weights.
  package let isAsymmetric: Bool

  public init(options: OperatorOptions) throws(OperatorError) {
    isTimeMajor = try options.bool(0)
    activation = try FusedActivation(options, slot: 1)
    mergesOutputs = try options.bool(2)
    isAsymmetric = try options.bool(3)
  }

  public var isPure: Bool { false }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    let plan = try plan(node)
    let input = try node.input(0).shape
    var result: [Shape] = []
    for size in mergesOutputs ? [plan.units.forward + plan.units.backward] : [plan.units.forward, plan.units.backward] {
      guard let shape = Shape([input[0], input[1], size]) else {
        throw .malformed("the outputs of input \(input) are too large")
      }
      result.append(shape)
    }
    return result
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let plan = try plan(node)
    let stride = mergesOutputs ? plan.units.forward + plan.units.backward : nil
    let forward = try RNNCell(
      node, plan.forward, sequence: plan.sequence, activation: activation, isAsymmetric: isAsymmetric,
      output: SequenceOutput(index: 0, rowStride: stride ?? plan.units.forward, offset: 0))
    var reversed = plan.sequence
    reversed.isForward = false
    let backward = try RNNCell(
      node, plan.backward, sequence: reversed, activation: activation, isAsymmetric: isAsymmetric,
      output: SequenceOutput(
        index: mergesOutputs ? 0 : 1, rowStride: stride ?? plan.units.backward,
        offset: mergesOutputs ? plan.units.forward : 0))
    let passes = forward.isHybrid && isTimeMajor ? plan.sequence.steps : 1
    return Kernel(scratch: Kernel.sharedScratch(forward.scratch, backward.scratch)) { io throws(OperatorError) in
      for _ in 0..<passes {
        try forward.run(io)
        try backward.run(io)
      }
    }
  }

  private struct Plan {
    var forward: RNNCell.Operands
    var backward: RNNCell.Operands
    var units = (forward: 0, backward: 0)
    let sequence: SequenceGeometry
  }

  private func plan(_ node: NodeContext) throws(OperatorError) -> Plan {
    try node.expect(inputs: 12, outputs: mergesOutputs ? 1 : 2)
    try node.expectFloatOutputs()
    let input = try node.input(0)
    guard input.shape.rank == 3 else { throw .malformed("the input must have rank 3, not \(input.shape)") }
    var plan = Plan(
      forward: RNNCell.Operands(input: 0, weights: 1, recurrentWeights: 2, bias: 3, state: 4),
      backward: RNNCell.Operands(input: 0, weights: 5, recurrentWeights: 6, bias: 7, state: 8),
      sequence: SequenceGeometry(
        batches: input.shape[isTimeMajor ? 1 : 0], steps: input.shape[isTimeMajor ? 0 : 1], isTimeMajor: isTimeMajor))
    guard node.hasInput(10) == node.hasInput(11) else {
      throw .malformed("auxiliary weights must be there for both cells or for none")
    }
    let usesAuxiliary = node.hasInput(10)
    if usesAuxiliary || (node.hasInput(9) && isTimeMajor) {
      let auxiliary = try node.input(9)
      guard auxiliary.element == .float32, auxiliary.shape.rank == 3,
        auxiliary.shape.dimensions.dropLast() == input.shape.dimensions.dropLast(),
        usesAuxiliary || auxiliary.shape == input.shape
      else { throw .malformed("the auxiliary input \(auxiliary) does not fit the input \(input)") }
      if usesAuxiliary {
        plan.forward.auxiliary = (9, 10)
        plan.backward.auxiliary = (9, 11)
      } else {
        plan.backward.input = 9
      }
    }
    let forward = try RNNCell.check(
      node, plan.forward, inputSize: input.shape[2], batches: plan.sequence.batches)
    let backward = try RNNCell.check(
      node, plan.backward, inputSize: input.shape[2], batches: plan.sequence.batches)
    guard forward.isHybrid == backward.isHybrid else {
      throw .malformed("the forward and the backward cell have weights of different types")
    }
    plan.units = (forward.units, backward.units)
    return plan
  }
}
