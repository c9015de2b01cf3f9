internal import TensorTypes

/// What `LSTM` and `UNIDIRECTIONAL_SEQUENCE_LSTM` have in common.
enum LSTMKernels {
  /// Checks all operands.
  ///
  /// - Parameter intermediates: how many intermediates `int8` cells may have.
  static func check(
    _ node: NodeContext, inputSize: Int, batches: Int, options: LSTMOptions, takesDiagonal: Bool, intermediates: [Int]
  ) throws(OperatorError) -> (LSTMOperands, LSTMGeometry) {
    guard node.inputs.count == 20 || node.inputs.count == 24 else {
      throw .malformed("takes 20 or 24 inputs, not \(node.inputs.count)")
    }
    try node.expect(inputs: 20...24)
    let operands = LSTMOperands.unidirectional(inputCount: node.inputs.count)
    let geometry = try LSTMGeometry(
      node, operands, inputSize: inputSize, batches: batches, takesDiagonal: takesDiagonal, takesIntegers: true)
    if geometry.arithmetic == .integer {
      guard intermediates.contains(node.intermediates.count) else {
        throw .malformed(
          "has \(node.intermediates.count) intermediates; int8 cells need \(intermediates.map(String.init).joined(separator: " or "))"
        )
      }
      _ = try IntegerLSTMScales(node, operands, geometry, options)
    }
    let output = try node.output(0)
    let wanted: ElementType = geometry.arithmetic == .integer ? .int8 : .float32
    guard output.element == wanted else {
      throw .malformed("the output is \(output.element), not \(wanted)")
    }
    return (operands, geometry)
  }

  static func kernel(
    _ node: NodeContext, _ operands: LSTMOperands, _ geometry: LSTMGeometry, _ sequence: SequenceGeometry,
    _ options: LSTMOptions
  ) throws(OperatorError) -> Kernel {
    if geometry.arithmetic == .integer {
      if node.intermediates.count == 12 {
        return try ByteLSTMCell(node, operands: operands, geometry: geometry, sequence: sequence, options: options)
          .kernel()
      }
      return try IntegerLSTMCell(node, operands: operands, geometry: geometry, sequence: sequence, options: options)
        .kernel()
    }
    let cell = try LSTMCell(
      node, operands: operands, geometry: geometry, sequence: sequence, options: options,
      output: SequenceOutput(index: 0, rowStride: geometry.outputs, offset: 0))
    return Kernel(scratch: cell.scratch) { io throws(OperatorError) in try cell.run(io) }
  }
}
