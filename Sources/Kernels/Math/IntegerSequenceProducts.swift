internal import TensorTypes

/// The sums of products of an integer recurrent cell: rows of inputs in blocks of steps, and the states of all batches.
///
/// A sum is `sum over k of (x[k] - zero point) * w[k]`, modulo 2^32.
struct IntegerSequenceProducts: Sendable {
  /// Scratch buffers, by their index.
  private enum Scratch {
    static let input = 0
    static let recurrent = 1
    static let workspace = 2
  }
  static let scratchCount = 3

  typealias Block = SequenceBlocks.Block

  let blocks: SequenceBlocks
  private let input: GateProducts
  private let recurrent: GateProducts
  private let inputOperand: Int
  private let stateOperand: Int
  private let inputZeroPoint: Int32
  private let stateZeroPoint: Int32

  var units: Int { input.units }
  var batches: Int { blocks.geometry.batches }

  /// - Parameters: the inputs with each gate's weights, which must be constants.
  init(
    _ node: NodeContext, operands: LSTMOperands, gates: [LSTMGate], geometry: SequenceGeometry
  ) throws(OperatorError) {
    let weights = gates.map { operands.inputWeights[$0.rawValue] }
    let recurrentWeights = gates.map { operands.recurrentWeights[$0.rawValue] }
    for index in weights + recurrentWeights where node.constant(index) == nil {
      throw .unsupported("input \(index), the weights of an int8 cell, is computed; constant weights are supported")
    }
    input = try GateProducts(node, weights: weights, isInteger: true)
    recurrent = try GateProducts(node, weights: recurrentWeights, isInteger: true)
    inputOperand = operands.input
    stateOperand = operands.outputState
    inputZeroPoint = Int32(truncatingIfNeeded: try node.input(operands.input).quantization.zeroPoint ?? 0)
    stateZeroPoint = Int32(truncatingIfNeeded: try node.input(operands.outputState).quantization.zeroPoint ?? 0)
    blocks = SequenceBlocks(geometry: geometry, elements: gates.count * input.units)
  }

  /// Bytes of the scratch buffers.
  var scratch: [Int] {
    [
      input.gateCount * blocks.rows * units * 4, recurrent.gateCount * batches * units * 4,
      max(input.workspaceBytes(rows: blocks.rows), recurrent.workspaceBytes(rows: batches)),
    ]
  }

  /// Calls `step` for each step when its sums are there.
  func run(
    _ io: Operands, _ step: (_ step: Int, _ block: Block) throws(OperatorError) -> Void
  ) throws(OperatorError) {
    try blocks.run(io) { block throws(OperatorError) in
      try blocks.forEachRun(block) { row, blockRow, count throws(OperatorError) in
        try input.multiply(
          io, rows: count, source: OperandPlace(operand: .input(inputOperand), offset: row * input.depth),
          target: OperandPlace(operand: .scratch(Scratch.input), offset: blockRow * units * 4),
          gateStride: blocks.rows * units, workspace: Scratch.workspace)
      }
    } step: { now, block throws(OperatorError) in
      try recurrent.multiply(
        io, rows: batches, source: OperandPlace(operand: .input(stateOperand)),
        target: OperandPlace(operand: .scratch(Scratch.recurrent)), gateStride: batches * units,
        workspace: Scratch.workspace)
      try step(now, block)
    }
  }

  /// Calls `body` with the sums of a gate's products with the input, and with what is to be subtracted from each: the sums of the weights, times
  /// the zero point.
  @inline(__always)
  func withInput(
    _ io: Operands, gate: Int, batch: Int, step: Int, _ block: Block, _ body: (Span<Int32>, Span<Int32>, Int32) -> Void
  ) {
    let first = (gate * blocks.rows + blocks.row(batch, step: step, block)) * units
    let place = OperandPlace(operand: .scratch(Scratch.input))
    input.withRowSums(io, gate: gate, scratch: place) {
      body(io.elements(place, as: Int32.self, first..<first + units), $0, inputZeroPoint)
    }
  }

  /// As ``withInput(_:gate:batch:step:_:_:)`` for the products with the state.
  @inline(__always)
  func withRecurrent(_ io: Operands, gate: Int, batch: Int, _ body: (Span<Int32>, Span<Int32>, Int32) -> Void) {
    let first = (gate * batches + batch) * units
    let place = OperandPlace(operand: .scratch(Scratch.recurrent))
    recurrent.withRowSums(io, gate: gate, scratch: place) {
      body(io.elements(place, as: Int32.self, first..<first + units), $0, stateZeroPoint)
    }
  }
}
