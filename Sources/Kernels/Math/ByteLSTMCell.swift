internal import Glibc
internal import TensorTypes

/// An LSTM cell with `int8` activations and weights whose products are rounded to 8 bits before they are added. Input and forget gates are coupled,
/// gates are normalised, and there is a projection with a bias.
///
/// Source: TFLite's `8x8_8` kernel; results have the same bits. Its 12 intermediates hold, for each gate in the order of ``LSTMGate``, the
/// quantisation of the sum, of the product with the input and of the product with the state.
struct ByteLSTMCell: Sendable {
  private struct Gate: Sendable {
    let slot: Int
    /// From sums to 8 bits, and from there to the sum of both.
    let input: QuantizedMultiplier
    let inputSum: QuantizedMultiplier
    let inputZeroPoint: Int8
    let recurrent: QuantizedMultiplier
    let recurrentSum: QuantizedMultiplier
    let recurrentZeroPoint: Int8
    /// The scale of the normalisation's coefficients.
    let normalization: Float
  }

  private enum Scratch {
    static let gates = IntegerSequenceProducts.scratchCount
  }

  private let products: IntegerSequenceProducts
  private let geometry: LSTMGeometry
  private let sequence: SequenceGeometry
  private let operands: LSTMOperands
  private let gates: [Gate]
  private let cellClip: Int16
  private let projectionClip: Int8
  private let projected: QuantizedMultiplier
  private let stateZeroPoint: Int32

  init(
    _ node: NodeContext, operands: LSTMOperands, geometry: LSTMGeometry, sequence: SequenceGeometry,
    options: LSTMOptions
  ) throws(OperatorError) {
    guard geometry.isNormalized, let coefficients = operands.normalization, geometry.hasProjectionBias else {
      throw .unsupported(
        "an int8 LSTM with 12 intermediates that has no layer normalisation, or no projection with a bias")
    }
    self.geometry = geometry
    self.sequence = sequence
    self.operands = operands
    let scales = try IntegerLSTMScales(node, operands, geometry, options)
    guard try node.tensorScale(operands.cellState) == 0x1p-15 else {
      throw .malformed("the cell state of an int8 LSTM with 12 intermediates must have the scale 1/32768")
    }
    cellClip = options.cellClip < 1 ? scales.cellClip : 0
    projectionClip = scales.projectionClip
    stateZeroPoint = Int32(truncatingIfNeeded: try node.input(operands.outputState).quantization.zeroPoint ?? 0)
    projected = QuantizedMultiplier(
      Double(Float(Double(try node.tensorScale(operands.projectionWeights)) * 0x1p-15 / Double(scales.state))))

    var inner: [(scale: Float, zeroPoint: Int8)] = []
    for (index, type) in node.intermediates.enumerated() {
      inner.append(
        (
          try type.tensorScale("intermediate \(index)"),
          Int8(truncatingIfNeeded: type.quantization.zeroPoint ?? 0)
        ))
    }
    var gates: [Gate] = []
    for (slot, gate) in [LSTMGate.forget, .cell, .output].enumerated() {
      let index = gate.rawValue
      let (sum, input, recurrent) = (inner[3 * index], inner[3 * index + 1], inner[3 * index + 2])
      var recurrentSum = QuantizedMultiplier(Double(recurrent.scale / sum.scale))
      var recurrentZeroPoint = recurrent.zeroPoint
      if gate == .output {
        // TFLite's kernel takes the multiplier from beyond the array of multipliers, where the shift of the forget gate is, and the zero point
        // of the cell gate's product with the input.
        recurrentSum = QuantizedMultiplier(multiplier: gates[0].recurrentSum.shift, shift: recurrentSum.shift)
        recurrentZeroPoint = inner[7].zeroPoint
      }
      gates.append(
        Gate(
          slot: slot,
          input: QuantizedMultiplier(
            Double(try node.tensorScale(operands.inputWeights[index]) * scales.input / input.scale)),
          inputSum: QuantizedMultiplier(Double(input.scale / sum.scale)), inputZeroPoint: input.zeroPoint,
          recurrent: QuantizedMultiplier(
            Double(try node.tensorScale(operands.recurrentWeights[index]) * scales.state / recurrent.scale)),
          recurrentSum: recurrentSum, recurrentZeroPoint: recurrentZeroPoint,
          normalization: Self.real(QuantizedMultiplier(Double(try node.tensorScale(coefficients[index]))))))
    }
    self.gates = gates
    products = try IntegerSequenceProducts(
      node, operands: operands, gates: [.forget, .cell, .output], geometry: sequence)
  }

  /// What a fixed-point factor stands for.
  private static func real(_ multiplier: QuantizedMultiplier) -> Float {
    Float(Double(multiplier.multiplier) * scalbn(1, Int(multiplier.shift) - 31))
  }

  func kernel() -> Kernel {
    let (batches, cells) = (sequence.batches, geometry.cells)
    return Kernel(scratch: products.scratch + [3 * batches * cells * 2]) { io throws(OperatorError) in
      try products.run(io) { step, block throws(OperatorError) in
        try io.parallel(batches, grain: max(1, 2048 / max(cells, 1))) { range in
          for batch in range { self.step(io, batch, step, block) }
        }
      }
    }
  }

  @inline(never)
  private func range(_ slot: Int, _ batch: Int) -> Range<Int> {
    let first = (slot * sequence.batches + batch) * geometry.cells
    return first..<first + geometry.cells
  }

  private func step(_ io: Operands, _ batch: Int, _ step: Int, _ block: SequenceBlocks.Block) {
    let cells = geometry.cells
    let own = batch * cells..<(batch + 1) * cells
    finish(io, gates[0], .forget, batch, step, block)
    finish(io, gates[1], .cell, batch, step, block)
    updateCell(io, own, batch)
    finish(io, gates[2], .output, batch, step, block)
    computeHidden(io, own, batch)
    project(io, batch, step)
  }

  private func updateCell(_ io: Operands, _ own: Range<Int>, _ batch: Int) {
    let place = OperandPlace(operand: .scratch(Scratch.gates))
    var cell = io.variable(operands.cellState, as: Int16.self, in: own)
    IntegerLSTMCell.update(
      &cell, io.elements(place, as: Int16.self, range(0, batch)), io.elements(place, as: Int16.self, range(1, batch)),
      shift: 15, clip: cellClip)
  }

  /// The output before the projection, which takes the place of the forget gate.
  private func computeHidden(_ io: Operands, _ own: Range<Int>, _ batch: Int) {
    let gate = io.elements(OperandPlace(operand: .scratch(Scratch.gates)), as: Int16.self, range(2, batch))
    let cell = io.input(operands.cellState, as: Int16.self, in: own)
    var hidden = io.scratch(Scratch.gates, as: Int16.self, in: range(0, batch))
    for i in gate.indices {
      let activated = Self.tanh(cell[i], 0x1p-15)
      hidden[i] = Int16(
        truncatingIfNeeded: QuantizedMultiplier.roundingDivideByPowerOfTwo(Int32(gate[i]) &* Int32(activated), 15))
    }
  }

  private func finish(
    _ io: Operands, _ gate: Gate, _ kind: LSTMGate, _ batch: Int, _ step: Int, _ block: SequenceBlocks.Block
  ) {
    var x = io.scratch(Scratch.gates, as: Int16.self, in: range(gate.slot, batch))
    // Both products as steps of their own zero points, the first in place.
    products.withInput(io, gate: gate.slot, batch: batch, step: step, block) { sums, rowSums, zeroPoint in
      var x = io.scratch(Scratch.gates, as: Int16.self, in: range(gate.slot, batch))
      for i in sums.indices {
        let byte = Int8(clamping: gate.input.apply(sums[i] &- zeroPoint &* rowSums[i]) &+ Int32(gate.inputZeroPoint))
        x[i] = Int16(byte)
      }
    }
    products.withRecurrent(io, gate: gate.slot, batch: batch) { sums, rowSums, zeroPoint in
      var x = io.scratch(Scratch.gates, as: Int16.self, in: range(gate.slot, batch))
      for i in sums.indices {
        let byte = Int8(
          clamping: gate.recurrent.apply(sums[i] &- zeroPoint &* rowSums[i]) &+ Int32(gate.recurrentZeroPoint))
        let input = gate.inputSum.apply(Int32(x[i]) &- Int32(gate.inputZeroPoint))
        let recurrent = gate.recurrentSum.apply(Int32(byte) &- Int32(gate.recurrentZeroPoint))
        x[i] = Int16(clamping: recurrent &+ input)
      }
    }
    if let coefficients = operands.normalization {
      Self.normalize(
        &x, coefficients: io.input(coefficients[kind.rawValue], as: Int16.self),
        bias: io.input(operands.biases[kind.rawValue], as: Int32.self), scale: gate.normalization)
    }
    for i in x.indices { x[i] = kind == .cell ? Self.tanh(x[i], 0x1p-12) : Self.logistic(x[i]) }
  }

  private static func normalize(
    _ x: inout MutableSpan<Int16>, coefficients: Span<Int16>, bias: Span<Int32>, scale: Float
  ) {
    let count = Float(x.count)
    var sum: Float = 0
    var squares: Float = 0
    for i in x.indices {
      let value = Float(x[i])
      sum += value
      squares += value * value
    }
    let mean = sum / count
    let variance = squares / count - mean * mean
    let inverse = 1 / (variance == 0 ? 1e-8 : variance).squareRoot()
    let biasScale = Float(0x1p-10) * scale
    for i in coefficients.indices {
      let normalized = (Float(x[i]) - mean) * inverse
      let weighted = normalized * Float(coefficients[i]) * scale + Float(bias[i]) * biasScale
      x[i] = Int16(clamping: Int32(machineTruncating: (weighted * 4096).rounded(.toNearestOrAwayFromZero)))
    }
  }

  private static func logistic(_ x: Int16) -> Int16 {
    let value = 1 / (1 + expf(-(Float(x) * 0x1p-12)))
    return Int16(clamping: Int32(machineTruncating: value * 32768))
  }

  private static func tanh(_ x: Int16, _ scale: Float) -> Int16 {
    Int16(clamping: Int32(machineTruncating: tanhf(Float(x) * scale) * 32768))
  }

  private func project(_ io: Operands, _ batch: Int, _ step: Int) {
    let (cells, outputs) = (geometry.cells, geometry.outputs)
    let hidden = io.elements(OperandPlace(operand: .scratch(Scratch.gates)), as: Int16.self, range(0, batch))
    let weights = io.input(operands.projectionWeights, as: Int8.self)
    let bias = io.input(operands.projectionBias, as: Int32.self)
    var state = io.variable(operands.outputState, as: Int8.self, in: batch * outputs..<(batch + 1) * outputs)
    let first = sequence.row(batch, step: step) * outputs
    var y = io.output(0, as: Int8.self, in: first..<first + outputs)
    for unit in 0..<outputs {
      let w = weights.extracting(unit * cells..<(unit + 1) * cells)
      precondition(w.count == hidden.count)
      var sum = Int64(bias[unit])
      for i in w.indices { sum &+= Int64(Int32(hidden[i]) &* Int32(w[i])) }
      let scaled = Int64(projected.apply(wide: sum)) &+ Int64(stateZeroPoint)
      let value = Int8(clamping: scaled)
      state[unit] = projectionClip > 0 ? max(min(projectionClip, value), 0 &- projectionClip) : value
      y[unit] = state[unit]
    }
  }
}
