public import TensorTypes

/// `UNIDIRECTIONAL_SEQUENCE_LSTM`: an LSTM cell over a batch of sequences.
///
/// Inputs: the sequences `[batch, time, input size]`, or `[time, batch, input size]` when `time_major`; then as for ``LSTM``. Recurrent weights
/// may be vectors `[cells]` of `float32`, which stand for diagonal matrices. The output has the input's shape with the outputs in place of the
/// input size. Types are those of ``LSTM``; `int8` takes 5 intermediates.
public struct UnidirectionalSequenceLSTM: Operator {
  public static let definition = OperatorDefinition(.unidirectionalSequenceLstm, versions: 1...4, options: 71)

  package let options: LSTMOptions
  /// Whether time is the first dimension.
  package let isTimeMajor: Bool

  public init(options: OperatorOptions) throws(OperatorError) {
    self.options = try LSTMOptions(
      activation: try FusedActivation(options, slot: 0), cellClip: try options.float(1),
      projectionClip: try options.float(2), isAsymmetric: try options.bool(4))
    isTimeMajor = try options.bool(3)
  }

  public var isPure: Bool { false }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    let (_, geometry, _) = try plan(node)
    let input = try node.input(0).shape
    guard let shape = Shape([input[0], input[1], geometry.outputs]) else {
      throw .malformed("the output of input \(input) is too large")
    }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let (operands, geometry, sequence) = try plan(node)
    return try LSTMKernels.kernel(node, operands, geometry, sequence, options)
  }

  private func plan(
    _ node: NodeContext
  ) throws(OperatorError) -> (LSTMOperands, LSTMGeometry, SequenceGeometry) {
    let input = try node.input(0).shape
    guard input.rank == 3 else { throw .malformed("the input must have rank 3, not \(input)") }
    let sequence = SequenceGeometry(
      batches: input[isTimeMajor ? 1 : 0], steps: input[isTimeMajor ? 0 : 1], isTimeMajor: isTimeMajor)
    let (operands, geometry) = try LSTMKernels.check(
      node, inputSize: input[2], batches: sequence.batches, options: options, takesDiagonal: true,
      intermediates: [5])
    return (operands, geometry, sequence)
  }
}
