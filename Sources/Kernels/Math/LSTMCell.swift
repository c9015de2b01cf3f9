internal import TensorTypes

/// What the operators of the LSTM family read from their options.
package struct LSTMOptions: Sendable {
  package let activation: FusedActivation
  /// Limits of the cell state and of the projection; 0 for none.
  package let cellClip: Float
  package let projectionClip: Float
  /// Whether rows are quantised with a zero point, for 8-bit weights.
  package let isAsymmetric: Bool

  /// - Throws: `malformed` for limits below 0 or NaN.
  init(
    activation: FusedActivation, cellClip: Float, projectionClip: Float, isAsymmetric: Bool
  ) throws(OperatorError) {
    guard cellClip >= 0, projectionClip >= 0 else {
      throw .malformed("cell_clip \(cellClip) and proj_clip \(projectionClip) must not be below 0")
    }
    self.activation = activation
    self.cellClip = cellClip
    self.projectionClip = projectionClip
    self.isAsymmetric = isAsymmetric
  }
}

/// Where a cell writes the output of each step.
struct SequenceOutput: Sendable {
  let index: Int
  /// Elements from one row to the next, and from a row's start to the cell's part of it.
  let rowStride: Int
  let offset: Int
}

/// An LSTM cell in floats, and with weights of 8 bits and float activations.
///
/// Source: TFLite's LSTM kernels. Without an activation (`NONE`) the output is the product of output gate and cell gate, as there.
struct LSTMCell: Sendable {
  private let products: SequenceProducts
  private let geometry: LSTMGeometry
  private let sequence: SequenceGeometry
  private let operands: LSTMOperands
  private let options: LSTMOptions
  private let output: SequenceOutput
  /// For each of the four gates, which of the gates with weights it is, and which of the recurrent matrices.
  private let slots: [Int?]
  private let matrices: [Int?]
  private let projection: SequenceProducts.Source?
  private let peepholeScales: [Float]

  /// Scratch buffers behind those of the products.
  private enum Scratch {
    static let hidden = SequenceProducts.scratchCount
    static let quantized = hidden + 1
    static let scales = hidden + 2
    static let zeroPoints = hidden + 3
    static let workspace = hidden + 4
    static let projected = hidden + 5
    static let rowSums = hidden + 6
  }

  init(
    _ node: NodeContext, operands: LSTMOperands, geometry: LSTMGeometry, sequence: SequenceGeometry,
    options: LSTMOptions, output: SequenceOutput
  ) throws(OperatorError) {
    self.geometry = geometry
    self.sequence = sequence
    self.operands = operands
    self.options = options
    self.output = output
    let isHybrid = geometry.arithmetic == .hybrid
    let gates = geometry.gates
    let dense = gates.filter { !geometry.isDiagonal[$0.rawValue] }
    slots = LSTMGate.allCases.map { gates.firstIndex(of: $0) }
    matrices = LSTMGate.allCases.map { dense.firstIndex(of: $0) }
    var auxiliary: SequenceProducts.Source?
    if let input = operands.auxiliary, let weights = operands.auxiliaryWeights {
      auxiliary = try SequenceProducts.Source(
        node, operand: input, weights: gates.map { weights[$0.rawValue] }, isHybrid: isHybrid)
    }
    products = SequenceProducts(
      geometry: sequence, units: geometry.cells,
      biases: gates.map { geometry.isNormalized ? nil : operands.biases[$0.rawValue] },
      input: try SequenceProducts.Source(
        node, operand: operands.input, weights: gates.map { operands.inputWeights[$0.rawValue] }, isHybrid: isHybrid),
      auxiliary: auxiliary,
      recurrent: dense.isEmpty
        ? nil
        : try SequenceProducts.Source(
          node, operand: operands.outputState, weights: dense.map { operands.recurrentWeights[$0.rawValue] },
          isHybrid: isHybrid),
      isHybrid: isHybrid, isAsymmetric: options.isAsymmetric)
    projection =
      geometry.hasProjection
      ? try SequenceProducts.Source(
        node, operand: 0, weights: [operands.projectionWeights], isHybrid: isHybrid) : nil
    var scales: [Float] = []
    if isHybrid, geometry.hasPeephole {
      for index in operands.peephole { scales.append(node.hasInput(index) ? try node.tensorScale(index) : 1) }
    }
    peepholeScales = scales
  }

  /// Bytes of the scratch buffers.
  var scratch: [Int] {
    let (batches, cells, outputs) = (sequence.batches, geometry.cells, geometry.outputs)
    var bytes = [batches * cells * 4]
    guard let projection else { return products.scratch + bytes }
    let isHybrid = geometry.arithmetic == .hybrid
    bytes += isHybrid ? [batches * cells, batches * 4, batches * 4] : [0, 0, 0]
    bytes += [
      projection.products.workspaceBytes(rows: batches), batches * outputs * 4, projection.products.rowSumBytes,
    ]
    return products.scratch + bytes
  }

  func run(_ io: Operands) throws(OperatorError) {
    if let projection { projection.products.prepareRowSums(io, scratch: rowSums) }
    try products.run(io) { step, block throws(OperatorError) in
      try io.parallel(sequence.batches, grain: max(1, 8192 / max(geometry.cells, 1))) { batches in
        for batch in batches { self.step(io, batch, step, block) }
      }
      if let projection { try project(io, projection, step) }
    }
  }

  private var rowSums: OperandPlace { OperandPlace(operand: .scratch(Scratch.rowSums)) }

  /// Everything but the projection of one row.
  private func step(_ io: Operands, _ batch: Int, _ step: Int, _ block: SequenceProducts.Block) {
    let cells = geometry.cells
    let own = batch * cells..<(batch + 1) * cells
    if !geometry.isCoupled { finish(io, .input, .logistic, batch, step, block) }
    finish(io, .forget, .logistic, batch, step, block)
    finish(io, .cell, .fused(options.activation), batch, step, block)
    updateCell(io, own, batch, step, block)
    finish(io, .output, .logistic, batch, step, block)
    computeHidden(io, own, batch, step, block)
    if projection == nil { emit(io, Scratch.hidden, batch, step) }
  }

  /// The new cell state.
  private func updateCell(
    _ io: Operands, _ own: Range<Int>, _ batch: Int, _ step: Int, _ block: SequenceProducts.Block
  ) {
    let slots = slots
    let forget = products.values(io, slots[1] ?? 0, batch: batch, step: step, block)
    let cellGate = products.values(io, slots[2] ?? 0, batch: batch, step: step, block)
    var cell = io.variable(operands.cellState, as: Float.self, in: own)
    if let slot = slots[0] {
      let input = products.values(io, slot, batch: batch, step: step, block)
      RecurrentRow.blend(&cell, forget, cellGate, input)
    } else {
      RecurrentRow.blend(&cell, forget, cellGate)
    }
    RecurrentRow.clip(&cell, options.cellClip)
  }

  /// The output before the projection.
  private func computeHidden(
    _ io: Operands, _ own: Range<Int>, _ batch: Int, _ step: Int, _ block: SequenceProducts.Block
  ) {
    let slots = slots
    let gate = products.values(io, slots[3] ?? 0, batch: batch, step: step, block)
    var hidden = io.scratch(Scratch.hidden, as: Float.self, in: own)
    if options.activation == .none {
      let cellGate = products.values(io, slots[2] ?? 0, batch: batch, step: step, block)
      RecurrentRow.copy(cellGate, to: &hidden)
    } else {
      let cell = io.input(operands.cellState, as: Float.self, in: own)
      RecurrentRow.copy(cell, to: &hidden)
      RecurrentActivation.fused(options.activation).apply(&hidden)
    }
    RecurrentRow.multiply(&hidden, gate)
  }

  /// Adds to a gate what does not come from the inputs, and applies normalisation and activation.
  private func finish(
    _ io: Operands, _ gate: LSTMGate, _ activation: RecurrentActivation, _ batch: Int, _ step: Int,
    _ block: SequenceProducts.Block
  ) {
    let cells = geometry.cells
    let own = batch * cells..<(batch + 1) * cells
    let slot = slots[gate.rawValue] ?? 0
    var x = products.mutableValues(io, slot, batch: batch, step: step, block)
    products.addRecurrent(io, gate: slot, matrix: matrices[gate.rawValue], batch: batch, to: &x)
    if geometry.isDiagonal[gate.rawValue] {
      RecurrentRow.addProduct(
        &x, io.input(operands.recurrentWeights[gate.rawValue], as: Float.self),
        io.input(operands.outputState, as: Float.self, in: own))
    }
    if geometry.hasPeephole, gate != .cell {
      let index = gate == .output ? 2 : gate.rawValue
      let cell = io.input(operands.cellState, as: Float.self, in: own)
      if geometry.arithmetic == .hybrid {
        RecurrentRow.addProduct(
          &x, io.input(operands.peephole[index], as: Int8.self), scale: peepholeScales[index], cell)
      } else {
        RecurrentRow.addProduct(&x, io.input(operands.peephole[index], as: Float.self), cell)
      }
    }
    if geometry.isNormalized, let normalization = operands.normalization {
      RecurrentRow.normalize(
        &x, coefficients: io.input(normalization[gate.rawValue], as: Float.self),
        bias: io.input(operands.biases[gate.rawValue], as: Float.self))
    }
    activation.apply(&x)
  }

  /// Projects the hidden rows of all batches.
  private func project(_ io: Operands, _ projection: SequenceProducts.Source, _ step: Int) throws(OperatorError) {
    let (batches, cells, outputs) = (sequence.batches, geometry.cells, geometry.outputs)
    let isHybrid = geometry.arithmetic == .hybrid
    var source = OperandPlace(operand: .scratch(Scratch.hidden))
    if isHybrid {
      for batch in 0..<batches {
        DynamicQuantization.quantize(
          io, io.elements(source, as: Float.self, batch * cells..<(batch + 1) * cells), row: batch,
          asymmetric: options.isAsymmetric, scratch: (Scratch.quantized, Scratch.scales, Scratch.zeroPoints))
      }
      source = OperandPlace(operand: .scratch(Scratch.quantized))
    }
    try projection.products.multiply(
      io, rows: batches, source: source, target: OperandPlace(operand: .scratch(Scratch.projected)), gateStride: 0,
      workspace: Scratch.workspace)
    let product = OperandPlace(operand: .scratch(Scratch.projected))
    for batch in 0..<batches {
      let own = batch * outputs..<(batch + 1) * outputs
      var state = io.variable(operands.outputState, as: Float.self, in: own)
      if geometry.hasProjectionBias {
        RecurrentRow.copy(io.input(operands.projectionBias, as: Float.self), to: &state)
      } else {
        RecurrentRow.fill(&state, 0)
      }
      if isHybrid {
        let zeroPoint = io.writtenScratch(Scratch.zeroPoints, as: Int32.self)[batch]
        let scale = projection.scales[0] * io.writtenScratch(Scratch.scales, as: Float.self)[batch]
        let sums = io.elements(product, as: Int32.self, own)
        projection.products.withRowSums(io, gate: 0, scratch: rowSums) {
          RecurrentRow.addScaled(&state, sums, $0, zeroPoint: zeroPoint, scale: scale)
        }
      } else {
        RecurrentRow.add(&state, io.elements(product, as: Float.self, own))
      }
      RecurrentRow.clip(&state, options.projectionClip)
      write(io, batch, step)
    }
  }

  /// Makes the hidden row of a batch its state and output.
  private func emit(_ io: Operands, _ scratch: Int, _ batch: Int, _ step: Int) {
    let own = batch * geometry.outputs..<(batch + 1) * geometry.outputs
    var state = io.variable(operands.outputState, as: Float.self, in: own)
    RecurrentRow.copy(io.elements(OperandPlace(operand: .scratch(scratch)), as: Float.self, own), to: &state)
    write(io, batch, step)
  }

  private func write(_ io: Operands, _ batch: Int, _ step: Int) {
    let outputs = geometry.outputs
    let first = sequence.row(batch, step: step) * output.rowStride + output.offset
    var y = io.output(output.index, as: Float.self, in: first..<first + outputs)
    RecurrentRow.copy(
      io.input(operands.outputState, as: Float.self, in: batch * outputs..<(batch + 1) * outputs), to: &y)
  }
}
