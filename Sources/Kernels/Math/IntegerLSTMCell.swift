internal import TensorTypes

/// An LSTM cell with `int8` activations and weights whose gates have 16 bits.
///
/// Gates before their activations are in Q3, activated ones in Q0; the cell state has a power of two as its scale. Source: TFLite's `8x8_16`
/// kernels; results have the same bits.
struct IntegerLSTMCell: Sendable {
  /// What a gate adds up.
  private struct Gate: Sendable {
    let slot: Int
    let input: QuantizedMultiplier
    let recurrent: QuantizedMultiplier
    let peephole: QuantizedMultiplier
    let normalization: QuantizedMultiplier
    /// Takes the place of a variance below 1.
    let smallestVariance: Int32
  }

  private enum Scratch {
    static let gates = IntegerSequenceProducts.scratchCount
    static let hidden = gates + 1
    static let sums = gates + 2
    static let workspace = gates + 3
  }

  private let products: IntegerSequenceProducts
  private let projection: GateProducts?
  private let geometry: LSTMGeometry
  private let sequence: SequenceGeometry
  private let operands: LSTMOperands
  /// In the order of ``LSTMGate``; nil for the input gate of coupled cells.
  private let gates: [Gate?]
  private let logistic: ShortTable
  private let gateTanh: ShortTable
  private let cellTanh: ShortTable
  /// The base-2 logarithm of the cell state's scale.
  private let cellScale: Int32
  private let cellClip: Int16
  private let projectionClip: Int8
  private let hidden: QuantizedMultiplier
  private let hiddenZeroPoint: Int32
  private let projected: QuantizedMultiplier
  private let stateZeroPoint: Int32

  init(
    _ node: NodeContext, operands: LSTMOperands, geometry: LSTMGeometry, sequence: SequenceGeometry,
    options: LSTMOptions
  ) throws(OperatorError) {
    self.geometry = geometry
    self.sequence = sequence
    self.operands = operands
    let scales = try IntegerLSTMScales(node, operands, geometry, options)
    cellScale = scales.cellLogarithm
    guard let gateTanh = ShortTable.tanh(integerBits: 3),
      let cellTanh = ShortTable.tanh(integerBits: 15 + Int(cellScale))
    else {
      throw .unsupported("a cell state with the scale 2^\(cellScale); 2^-15 to 2^-9 are supported")
    }
    self.cellTanh = cellTanh
    self.gateTanh = gateTanh
    logistic = .logistic
    cellClip = scales.cellClip
    projectionClip = scales.projectionClip
    // The first four have the quantisation of gates that are normalised, the last that of the output before the projection.
    guard node.intermediates.count == 5 else {
      throw .malformed("has \(node.intermediates.count) intermediates; 5 are needed")
    }
    let hiddenScale = try node.intermediates[4].tensorScale("intermediate 4")
    hiddenZeroPoint = Int32(truncatingIfNeeded: node.intermediates[4].quantization.zeroPoint ?? 0)
    hidden = QuantizedMultiplier(Double(Float(0x1p-15 / Double(hiddenScale) * 0x1p-15)))
    projected =
      geometry.hasProjection
      ? QuantizedMultiplier(
        Double(try node.tensorScale(operands.projectionWeights) * hiddenScale / scales.state))
      : QuantizedMultiplier(multiplier: 0, shift: 0)
    stateZeroPoint = Int32(truncatingIfNeeded: try node.input(operands.outputState).quantization.zeroPoint ?? 0)
    var gates: [Gate?] = [nil, nil, nil, nil]
    for (slot, gate) in geometry.gates.enumerated() {
      let index = gate.rawValue
      let scale = geometry.isNormalized ? try node.intermediates[index].tensorScale("intermediate \(index)") : 0x1p-12
      var peephole = QuantizedMultiplier(multiplier: 0, shift: 0)
      if geometry.hasPeephole, gate != .cell {
        let weights = Double(try node.tensorScale(operands.peephole[gate == .output ? 2 : index]))
        peephole = QuantizedMultiplier(
          Double(Float(Double(sign: .plus, exponent: Int(cellScale), significand: 1) * weights / Double(scale))))
      }
      let normalization =
        if let coefficients = operands.normalization, geometry.isNormalized {
          try node.tensorScale(coefficients[index])
        } else { 1 as Float }
      gates[index] = Gate(
        slot: slot,
        input: QuantizedMultiplier(
          Double(try node.tensorScale(operands.inputWeights[index]) * scales.input / scale)),
        recurrent: QuantizedMultiplier(
          Double(try node.tensorScale(operands.recurrentWeights[index]) * scales.state / scale)),
        peephole: peephole, normalization: QuantizedMultiplier(Double(normalization)),
        smallestVariance: max(1, Int32(machineTruncating: 10000 * normalization)))
    }
    self.gates = gates
    products = try IntegerSequenceProducts(node, operands: operands, gates: geometry.gates, geometry: sequence)
    if geometry.hasProjection {
      guard node.constant(operands.projectionWeights) != nil else {
        throw .unsupported("the projection weights of an int8 cell are computed; constant ones are supported")
      }
      projection = try GateProducts(node, weights: [operands.projectionWeights], isInteger: true)
    } else {
      projection = nil
    }
  }

  func kernel() -> Kernel {
    let (batches, cells) = (sequence.batches, geometry.cells)
    var scratch = products.scratch + [4 * batches * cells * 2, batches * cells]
    if let projection {
      scratch += [batches * geometry.outputs * 4, projection.workspaceBytes(rows: batches)]
    }
    return Kernel(scratch: scratch) { io throws(OperatorError) in
      try products.run(io) { step, block throws(OperatorError) in
        try io.parallel(batches, grain: max(1, 2048 / max(cells, 1))) { range in
          for batch in range { self.step(io, batch, step, block) }
        }
        if let projection { try project(io, projection, step) }
      }
    }
  }

  /// Everything but the projection of one row.
  private func step(_ io: Operands, _ batch: Int, _ step: Int, _ block: SequenceBlocks.Block) {
    let cells = geometry.cells
    let own = batch * cells..<(batch + 1) * cells
    if !geometry.isCoupled { finish(io, .input, logistic, batch, step, block) }
    finish(io, .forget, logistic, batch, step, block)
    finish(io, .cell, gateTanh, batch, step, block)
    updateCell(io, own, batch)
    finish(io, .output, logistic, batch, step, block)
    if projection == nil {
      var result = io.variable(operands.outputState, as: Int8.self, in: own)
      computeHidden(io, own, batch, zeroPoint: hiddenZeroPoint, to: &result)
      write(io, batch, step)
    } else {
      // The projection's zero point is added the other way round, as in TFLite.
      var result = io.scratch(Scratch.hidden, as: Int8.self, in: own)
      computeHidden(io, own, batch, zeroPoint: 0 &- hiddenZeroPoint, to: &result)
    }
  }

  private func updateCell(_ io: Operands, _ own: Range<Int>, _ batch: Int) {
    var cell = io.variable(operands.cellState, as: Int16.self, in: own)
    let forget = values(io, .forget, batch)
    let cellGate = values(io, .cell, batch)
    if geometry.isCoupled {
      Self.update(&cell, forget, cellGate, shift: 30 + cellScale, clip: cellClip)
    } else {
      Self.update(&cell, forget, cellGate, values(io, .input, batch), shift: 30 + cellScale, clip: cellClip)
    }
  }

  /// A row of new cell states with coupled gates.
  static func update(
    _ cell: inout MutableSpan<Int16>, _ forget: Span<Int16>, _ cellGate: Span<Int16>, shift: Int32, clip: Int16
  ) {
    precondition(cell.count == forget.count && cell.count == cellGate.count)
    for i in forget.indices {
      cell[i] = updated(cell[i], forget[i], 32767 &- forget[i], cellGate[i], shift, clip)
    }
  }

  private static func update(
    _ cell: inout MutableSpan<Int16>, _ forget: Span<Int16>, _ cellGate: Span<Int16>, _ input: Span<Int16>,
    shift: Int32, clip: Int16
  ) {
    precondition(cell.count == forget.count && cell.count == cellGate.count && cell.count == input.count)
    for i in forget.indices { cell[i] = updated(cell[i], forget[i], input[i], cellGate[i], shift, clip) }
  }

  /// `output gate * tanh(cell)`, in 8 bits.
  private func computeHidden(
    _ io: Operands, _ own: Range<Int>, _ batch: Int, zeroPoint: Int32, to result: inout MutableSpan<Int8>
  ) {
    Self.multiply(
      values(io, .output, batch), io.input(operands.cellState, as: Int16.self, in: own), cellTanh, hidden, zeroPoint,
      to: &result)
  }

  private static func multiply(
    _ gate: Span<Int16>, _ cell: Span<Int16>, _ tanh: ShortTable, _ multiplier: QuantizedMultiplier,
    _ zeroPoint: Int32, to result: inout MutableSpan<Int8>
  ) {
    precondition(result.count == gate.count && result.count == cell.count)
    for i in gate.indices {
      result[i] = Int8(clamping: multiplier.apply(Int32(gate[i]) &* Int32(tanh[cell[i]])) &+ zeroPoint)
    }
  }

  /// The new cell state: `forget * cell + input * cell gate`, clipped.
  @inline(__always)
  private static func updated(
    _ cell: Int16, _ forget: Int16, _ input: Int16, _ cellGate: Int16, _ shift: Int32, _ clip: Int16
  ) -> Int16 {
    let kept = QuantizedMultiplier.roundingDivideByPowerOfTwo(Int32(forget) &* Int32(cell), 15)
    let added = QuantizedMultiplier.roundingDivideByPowerOfTwo(Int32(input) &* Int32(cellGate), shift)
    let sum = FixedPoint16.add(Int16(truncatingIfNeeded: kept), Int16(truncatingIfNeeded: added))
    return clip > 0 ? max(min(clip, sum), 0 &- clip) : sum
  }

  @inline(never)
  private func range(_ gate: LSTMGate, _ batch: Int) -> Range<Int> {
    let first = (gate.rawValue * sequence.batches + batch) * geometry.cells
    return first..<first + geometry.cells
  }

  @inline(__always) @_lifetime(borrow io)
  private func values(_ io: Operands, _ gate: LSTMGate, _ batch: Int) -> Span<Int16> {
    io.elements(OperandPlace(operand: .scratch(Scratch.gates)), as: Int16.self, range(gate, batch))
  }

  /// Computes an activated gate.
  private func finish(
    _ io: Operands, _ gate: LSTMGate, _ activation: ShortTable, _ batch: Int, _ step: Int, _ block: SequenceBlocks.Block
  ) {
    guard let parameters = gates[gate.rawValue] else { return }
    var x = io.scratch(Scratch.gates, as: Int16.self, in: range(gate, batch))
    let bias = io.input(operands.biases[gate.rawValue], as: Int32.self)
    let isNormalized = geometry.isNormalized
    products.withInput(io, gate: parameters.slot, batch: batch, step: step, block) { sums, rowSums, zeroPoint in
      var x = io.scratch(Scratch.gates, as: Int16.self, in: range(gate, batch))
      if isNormalized {
        Self.scale(&x, sums, rowSums, zeroPoint, parameters.input)
      } else {
        Self.scale(&x, sums, rowSums, zeroPoint, parameters.input, bias: bias)
      }
    }
    products.withRecurrent(io, gate: parameters.slot, batch: batch) { sums, rowSums, zeroPoint in
      var x = io.scratch(Scratch.gates, as: Int16.self, in: range(gate, batch))
      Self.addScaled(&x, sums, rowSums, zeroPoint, parameters.recurrent)
    }
    if geometry.hasPeephole, gate != .cell { addPeephole(io, gate, parameters.peephole, batch, to: &x) }
    if isNormalized, let coefficients = operands.normalization {
      Self.normalize(
        &x, coefficients: io.input(coefficients[gate.rawValue], as: Int16.self), bias: bias, parameters.normalization,
        smallestVariance: parameters.smallestVariance)
    }
    for i in x.indices { x[i] = activation[x[i]] }
  }

  private static func scale(
    _ x: inout MutableSpan<Int16>, _ sums: Span<Int32>, _ rowSums: Span<Int32>, _ zeroPoint: Int32,
    _ multiplier: QuantizedMultiplier
  ) {
    precondition(sums.count == x.count && rowSums.count == x.count)
    for i in sums.indices { x[i] = Int16(clamping: multiplier.apply(sums[i] &- zeroPoint &* rowSums[i])) }
  }

  private static func scale(
    _ x: inout MutableSpan<Int16>, _ sums: Span<Int32>, _ rowSums: Span<Int32>, _ zeroPoint: Int32,
    _ multiplier: QuantizedMultiplier, bias: Span<Int32>
  ) {
    precondition(sums.count == x.count && rowSums.count == x.count && bias.count == x.count)
    for i in sums.indices { x[i] = Int16(clamping: multiplier.apply(sums[i] &- zeroPoint &* rowSums[i] &+ bias[i])) }
  }

  private static func addScaled(
    _ x: inout MutableSpan<Int16>, _ sums: Span<Int32>, _ rowSums: Span<Int32>, _ zeroPoint: Int32,
    _ multiplier: QuantizedMultiplier
  ) {
    precondition(sums.count == x.count && rowSums.count == x.count)
    for i in sums.indices {
      x[i] = Int16(clamping: multiplier.apply(sums[i] &- zeroPoint &* rowSums[i]) &+ Int32(x[i]))
    }
  }

  private func addPeephole(
    _ io: Operands, _ gate: LSTMGate, _ multiplier: QuantizedMultiplier, _ batch: Int, to x: inout MutableSpan<Int16>
  ) {
    let (cells, outputs) = (geometry.cells, geometry.outputs)
    let weights = io.input(operands.peephole[gate == .output ? 2 : gate.rawValue], as: Int16.self)
    let cell = io.input(operands.cellState, as: Int16.self, in: batch * cells..<(batch + 1) * cells)
    // TFLite's kernel takes rows for as long as the output is. With fewer outputs than cells only the first elements of all batches (of each
    // batch, where batches run one after the other) see the cell.
    let width = min(outputs, cells)
    let first = sequence.isTimeMajor ? batch * cells : 0
    let limit = sequence.isTimeMajor ? sequence.batches * width : width
    for i in cell.indices where first + i < limit {
      let product = multiplier.apply(Int32(weights[(first + i) % width]) &* Int32(cell[i]))
      x[i] = Int16(clamping: product &+ Int32(x[i]))
    }
  }

  /// Mean 0 and variance 1, times the coefficients, plus the bias; the result is in Q3.
  static func normalize(
    _ x: inout MutableSpan<Int16>, coefficients: Span<Int16>, bias: Span<Int32>, _ multiplier: QuantizedMultiplier,
    smallestVariance: Int32
  ) {
    let count = Int64(x.count)
    guard count > 0 else { return }
    var sum: Int64 = 0
    var squares: Int64 = 0
    for i in x.indices {
      let value = Int32(x[i])
      sum &+= Int64(value)
      squares &+= Int64(value &* value)
    }
    let mean = Int32(truncatingIfNeeded: sum &* 1024 / count)
    let variance = squares &* ((1 << 20) / count) &- Int64(mean) &* Int64(mean)
    var limited = Int32(truncatingIfNeeded: variance / (1 << 20))
    if limited < 1 { limited = smallestVariance }
    let inverse = FixedPoint.inverseSquareRoot(limited)
    for i in coefficients.indices {
      let centered = 1024 &* Int32(x[i]) &- mean
      let scaled = FixedPoint.scale(centered, inverse.multiplier, inverse.shift)
      let weighted = Int64(scaled &* Int32(coefficients[i]) &+ bias[i])
      let rounded = Int32(truncatingIfNeeded: (weighted > 0 ? weighted + 512 : weighted - 512) / 1024)
      x[i] = Int16(clamping: FixedPoint.scale(rounded, multiplier.multiplier, multiplier.shift + 12))
    }
  }

  private func project(_ io: Operands, _ projection: GateProducts, _ step: Int) throws(OperatorError) {
    let (batches, outputs) = (sequence.batches, geometry.outputs)
    let place = OperandPlace(operand: .scratch(Scratch.sums))
    try projection.multiply(
      io, rows: batches, source: OperandPlace(operand: .scratch(Scratch.hidden)), target: place, gateStride: 0,
      workspace: Scratch.workspace)
    for batch in 0..<batches {
      let own = batch * outputs..<(batch + 1) * outputs
      var state = io.variable(operands.outputState, as: Int8.self, in: own)
      let sums = io.elements(place, as: Int32.self, own)
      let bias = io.input(operands.projectionBias, as: Int32.self)
      projection.withRowSums(io, gate: 0, scratch: place) { rowSums in
        for i in sums.indices {
          let offset = geometry.hasProjectionBias ? bias[i] : 0
          let sum = sums[i] &+ hiddenZeroPoint &* rowSums[i] &+ offset
          let value = Int8(clamping: projected.apply(sum) &+ stateZeroPoint)
          state[i] = projectionClip > 0 ? max(min(projectionClip, value), 0 &- projectionClip) : value
        }
      }
      write(io, batch, step)
    }
  }

  /// Copies a batch's state to its output.
  private func write(_ io: Operands, _ batch: Int, _ step: Int) {
    let outputs = geometry.outputs
    let first = sequence.row(batch, step: step) * outputs
    let state = io.input(operands.outputState, as: Int8.self, in: batch * outputs..<(batch + 1) * outputs)
    var y = io.output(0, as: Int8.self, in: first..<first + outputs)
    for i in state.indices { y[i] = state[i] }
  }
}

/// The scales and limits that both kinds of integer LSTM cells need.
struct IntegerLSTMScales {
  let input: Float
  /// Of the output state.
  let state: Float
  /// The base-2 logarithm of the cell state's scale.
  let cellLogarithm: Int32
  let cellClip: Int16
  let projectionClip: Int8

  init(
    _ node: NodeContext, _ operands: LSTMOperands, _ geometry: LSTMGeometry, _ options: LSTMOptions
  ) throws(OperatorError) {
    input = try node.tensorScale(operands.input)
    state = try node.tensorScale(operands.outputState)
    let cell = try node.tensorScale(operands.cellState)
    guard let logarithm = powerOfTwo(cell), logarithm <= -9 else {
      throw .malformed("the cell state has the scale \(cell); it must be a power of two of at most 2^-9")
    }
    cellLogarithm = logarithm
    let output = try node.output(0).tensorScale("the output")
    cellClip =
      options.cellClip > 0 ? Int16(truncatingIfNeeded: Int32(min(max(options.cellClip / cell, -32768), 32767))) : 0
    projectionClip =
      options.projectionClip > 0
      ? Int8(truncatingIfNeeded: Int32(min(max(options.projectionClip / output, -128), 127))) : 0
  }
}
