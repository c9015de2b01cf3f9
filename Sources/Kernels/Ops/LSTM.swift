public import TensorTypes

/// `LSTM`: one step of a long short-term memory cell. The states are variables, so that a sequence is one invocation after the other.
///
/// The full kernel takes 20 inputs, or 24 with layer normalisation: the input `[batch, input size]`; input weights `[cells, input size]` of the
/// input, forget, cell and output gate; recurrent weights `[cells, outputs]` of the same gates; peephole weights `[cells]` of the input, forget and
/// output gate; biases `[cells]` of the four gates; projection weights `[outputs, cells]` and bias `[outputs]`; the variables that hold the last
/// output (`batch * outputs` elements) and the cell state (`batch * cells`); and coefficients `[cells]` of the four gates. Without weights of the
/// input gate it is one minus the forget gate. Peephole weights, projection and coefficients are optional. The output is `[batch, outputs]`.
///
/// Types: `float32`; `float32` with `int8` or `uint8` weights (bytes are read as signed), for which rows are quantised while the model runs; `int8`
/// with `int8` weights, `int32` biases, `int16` peephole weights, coefficients and cell state, and the quantisation of inner results in 5
/// (16-bit gates) or 12 (8-bit gates) intermediates. Integer results have the same bits as TFLite's reference kernels.
///
/// The basic kernel (`kernel_type` 1) is `BasicLSTMCell`.
public struct LSTM: Operator {
  public static let definition = OperatorDefinition(.lstm, versions: 1...4, options: 14)

  package let options: LSTMOptions
  /// Whether the cell is the simpler one with five inputs and four outputs.
  package let isBasic: Bool

  public init(options: OperatorOptions) throws(OperatorError) {
    self.options = try LSTMOptions(
      activation: try FusedActivation(options, slot: 0), cellClip: try options.float(1),
      projectionClip: try options.float(2), isAsymmetric: try options.bool(4))
    let kernelType = try options.int8(3)
    guard kernelType == 0 || kernelType == 1 else {
      throw .malformed("kernel_type is \(kernelType); it must be 0 (full) or 1 (basic)")
    }
    isBasic = kernelType == 1
  }

  public var isPure: Bool { false }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    if isBasic { return try BasicLSTMCell(node).outputShapes }
    let (_, geometry, sequence) = try plan(node)
    guard let shape = Shape([sequence.batches, geometry.outputs]) else {
      throw .malformed("the output of \(sequence.batches) rows of \(geometry.outputs) is too large")
    }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    if isBasic { return try BasicLSTMCell(node).kernel(node) }
    let (operands, geometry, sequence) = try plan(node)
    return try LSTMKernels.kernel(node, operands, geometry, sequence, options)
  }

  private func plan(
    _ node: NodeContext
  ) throws(OperatorError) -> (LSTMOperands, LSTMGeometry, SequenceGeometry) {
    let input = try node.input(0).shape
    guard input.rank == 2 else { throw .malformed("the input must have rank 2, not \(input)") }
    let (operands, geometry) = try LSTMKernels.check(
      node, inputSize: input[1], batches: input[0], options: options, takesDiagonal: false, intermediates: [5, 12])
    return (operands, geometry, SequenceGeometry(batches: input[0], steps: 1, isTimeMajor: true))
  }
}
