public import TensorTypes

/// `UNIDIRECTIONAL_SEQUENCE_RNN`: a simple recurrent cell over a batch of sequences.
///
/// Inputs: the sequences `[batch, time, input size]`, or `[time, batch, input size]` when `time_major`; then as for ``RNN``. The output has the
/// input's shape with the units in place of the input size. Types are those of ``RNN``.
public struct UnidirectionalSequenceRNN: Operator {
  public static let definition = OperatorDefinition(.unidirectionalSequenceRnn, versions: 1...3, options: 31)

  package let activation: FusedActivation
  /// Whether time is the first dimension.
  package let isTimeMajor: Bool
  /// Whether rows are quantised with a zero point, for 8-bit weights.
  package let isAsymmetric: Bool

  public init(options: OperatorOptions) throws(OperatorError) {
    isTimeMajor = try options.bool(0)
    activation = try FusedActivation(options, slot: 1)
    isAsymmetric = try options.bool(2)
  }

  public var isPure: Bool { false }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 5)
    let input = try node.input(0).shape
    let sequence = try sequence(input)
    let (units, _) = try RNNCell.check(node, RNN.operands, inputSize: input[2], batches: sequence.batches)
    try node.expectFloatOutputs()
    guard let shape = Shape([input[0], input[1], units]) else {
      throw .malformed("the output of input \(input) is too large")
    }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let cell = try RNNCell(
      node, RNN.operands, sequence: try sequence(try node.input(0).shape), activation: activation,
      isAsymmetric: isAsymmetric,
      output: SequenceOutput(index: 0, rowStride: try node.output(0).shape[2], offset: 0))
    return Kernel(scratch: cell.scratch) { io throws(OperatorError) in try cell.run(io) }
  }

  private func sequence(_ input: Shape) throws(OperatorError) -> SequenceGeometry {
    guard input.rank == 3 else { throw .malformed("the input must have rank 3, not \(input)") }
    return SequenceGeometry(
      batches: input[isTimeMajor ? 1 : 0], steps: input[isTimeMajor ? 0 : 1], isTimeMajor: isTimeMajor)
  }
}
