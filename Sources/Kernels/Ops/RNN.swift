public import TensorTypes

/// `RNN`: one step of a simple recurrent cell, `state = activation(bias + W input + W' state)`. The state is a variable, so that a sequence is one
/// invocation after the other.
///
/// Inputs: the input `[batch, input size]`, weights `[units, input size]`, recurrent weights `[units, units]`, bias `[units]`, and the state, a
/// variable `[batch, units]`. The output is the new state. Types: `float32`; `float32` with `int8` or `uint8` weights (bytes are read as signed),
/// for which rows are quantised while the model runs.
public struct RNN: Operator {
  public static let definition = OperatorDefinition(.rnn, versions: 1...3, options: 7)

  package let activation: FusedActivation
  /// Whether rows are quantised with a zero point, for 8-bit weights.
  package let isAsymmetric: Bool

  public init(options: OperatorOptions) throws(OperatorError) {
    activation = try FusedActivation(options, slot: 0)
    isAsymmetric = try options.bool(1)
  }

  public var isPure: Bool { false }

  static let operands = RNNCell.Operands(input: 0, weights: 1, recurrentWeights: 2, bias: 3, state: 4)

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 5)
    let input = try node.input(0).shape
    guard input.rank == 2 else { throw .malformed("the input must have rank 2, not \(input)") }
    let (units, _) = try RNNCell.check(node, Self.operands, inputSize: input[1], batches: input[0])
    try node.expectFloatOutputs()
    guard let shape = Shape([input[0], units]) else { throw .malformed("the output of input \(input) is too large") }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0).shape
    let cell = try RNNCell(
      node, Self.operands, sequence: SequenceGeometry(batches: input[0], steps: 1, isTimeMajor: true),
      activation: activation, isAsymmetric: isAsymmetric,
      output: SequenceOutput(index: 0, rowStride: try node.output(0).shape[1], offset: 0))
    return Kernel(scratch: cell.scratch) { io throws(OperatorError) in try cell.run(io) }
  }
}

extension NodeContext {
  /// Checks that all outputs are `float32`.
  func expectFloatOutputs() throws(OperatorError) {
    for (index, output) in outputs.enumerated() where output.element != .float32 {
      throw .malformed("output \(index) must be float32, not \(output.element)")
    }
  }
}
