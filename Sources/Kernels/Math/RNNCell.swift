internal import TensorTypes

/// A simple recurrent cell: `state = activation(bias + W input + W' auxiliary input + W'' state)`, which is the output too.
///
/// In floats, or with weights of 8 bits (read as signed) and rows that are quantised while the model runs.
struct RNNCell: Sendable {
  /// Where the operands are among an operator's inputs.
  struct Operands: Sendable {
    /// `[…, input size]`.
    var input: Int
    /// `[units, input size]`.
    let weights: Int
    /// `[units, units]`.
    let recurrentWeights: Int
    /// `[units]`.
    let bias: Int
    /// A variable, `[batch, units]`.
    let state: Int
    /// `[…, auxiliary size]` and `[units, auxiliary size]`.
    var auxiliary: (input: Int, weights: Int)?
  }

  private let products: SequenceProducts
  private let activation: RecurrentActivation
  private let state: Int
  private let output: SequenceOutput
  let units: Int
  let isHybrid: Bool

  /// - Parameter inputSize: the last dimension of the input.
  /// - Returns: the cell's units, and whether its weights have 8 bits.
  static func check(
    _ node: NodeContext, _ operands: Operands, inputSize: Int, batches: Int
  ) throws(OperatorError) -> (units: Int, isHybrid: Bool) {
    let input = try node.input(operands.input)
    let weights = try node.input(operands.weights)
    guard input.element == .float32, [.float32, .int8, .uint8].contains(weights.element) else {
      throw .unsupported(
        "\(input.element) input with \(weights.element) weights; float32 with float32, int8 or uint8 are supported")
    }
    guard weights.shape.rank == 2, weights.shape[1] == inputSize else {
      throw .malformed("the weights \(weights.shape) do not fit an input of size \(inputSize)")
    }
    let units = weights.shape[0]
    func expect(_ index: Int, _ dimensions: [Int], _ element: ElementType) throws(OperatorError) {
      let type = try node.input(index)
      guard type.shape.dimensions == dimensions, type.element == element else {
        throw .malformed("input \(index) is \(type), not \(element)\(dimensions)")
      }
    }
    try expect(operands.recurrentWeights, [units, units], weights.element)
    try expect(operands.bias, [units], .float32)
    try expect(operands.state, [batches, units], .float32)
    try node.expectState(
      operands.state, elements: batches.multipliedReportingOverflow(by: units), element: .float32)
    if let (auxiliary, auxiliaryWeights) = operands.auxiliary {
      let size = try node.input(auxiliary).shape.last ?? 0
      try expect(auxiliaryWeights, [units, size], weights.element)
    }
    return (units, weights.element != .float32)
  }

  /// - Parameter operands: ones that ``check(_:_:inputSize:batches:)`` accepted.
  init(
    _ node: NodeContext, _ operands: Operands, sequence: SequenceGeometry, activation: FusedActivation,
    isAsymmetric: Bool, output: SequenceOutput
  ) throws(OperatorError) {
    let weights = try node.input(operands.weights)
    let isHybrid = weights.element != .float32
    self.isHybrid = isHybrid
    units = weights.shape[0]
    self.activation = .fused(activation)
    self.output = output
    state = operands.state
    var auxiliary: SequenceProducts.Source?
    if let (input, weights) = operands.auxiliary {
      auxiliary = try SequenceProducts.Source(node, operand: input, weights: [weights], isHybrid: isHybrid)
    }
    products = SequenceProducts(
      geometry: sequence, units: units, biases: [operands.bias],
      input: try SequenceProducts.Source(
        node, operand: operands.input, weights: [operands.weights], isHybrid: isHybrid),
      auxiliary: auxiliary,
      recurrent: try SequenceProducts.Source(
        node, operand: operands.state, weights: [operands.recurrentWeights], isHybrid: isHybrid),
      isHybrid: isHybrid, isAsymmetric: isAsymmetric)
  }

  /// Bytes of the scratch buffers.
  var scratch: [Int] { products.scratch }

  func run(_ io: Kernels.Operands) throws(OperatorError) {
    let batches = products.geometry.batches
    try products.run(io) { step, block throws(OperatorError) in
      try io.parallel(batches, grain: max(1, 16384 / max(units, 1))) { range in
        for batch in range { self.step(io, batch, step, block) }
      }
    }
  }

  private func step(_ io: Kernels.Operands, _ batch: Int, _ step: Int, _ block: SequenceProducts.Block) {
    finish(io, batch, step, block)
    keep(io, products.values(io, 0, batch: batch, step: step, block), batch)
    let first = firstOutput(batch, step)
    var y = io.output(output.index, as: Float.self, in: first..<first + units)
    RecurrentRow.copy(io.input(state, as: Float.self, in: batch * units..<(batch + 1) * units), to: &y)
  }

  /// The first element of the output of a batch at a step.
  @inline(never)
  private func firstOutput(_ batch: Int, _ step: Int) -> Int {
    products.geometry.row(batch, step: step) * output.rowStride + output.offset
  }

  /// Makes a row the state of a batch.
  private func keep(_ io: Kernels.Operands, _ row: Span<Float>, _ batch: Int) {
    var kept = io.variable(state, as: Float.self, in: batch * units..<(batch + 1) * units)
    RecurrentRow.copy(row, to: &kept)
  }

  /// Adds to the products with the inputs what is missing, and applies the activation.
  private func finish(_ io: Kernels.Operands, _ batch: Int, _ step: Int, _ block: SequenceProducts.Block) {
    var x = products.mutableValues(io, 0, batch: batch, step: step, block)
    products.addRecurrent(io, gate: 0, matrix: 0, batch: batch, to: &x)
    activation.apply(&x)
  }
}
