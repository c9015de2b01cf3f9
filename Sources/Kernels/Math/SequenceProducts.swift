internal import TensorTypes

/// How the rows of a batch of sequences lie in memory, and in which direction a cell walks along them.
struct SequenceGeometry: Sendable, Hashable {
  let batches: Int
  let steps: Int
  /// Whether rows are ordered `[step][batch]` instead of `[batch][step]`.
  let isTimeMajor: Bool
  var isForward = true

  /// The row of a batch at a step.
  @inline(__always)
  func row(_ batch: Int, step: Int) -> Int { isTimeMajor ? step * batches + batch : batch * steps + step }
}

/// Steps of sequences that are worked on together as far as they do not depend on the state.
struct SequenceBlocks: Sendable {
  /// Consecutive steps.
  struct Block: Sendable {
    let first: Int
    let count: Int
  }

  let geometry: SequenceGeometry
  /// Steps of a block.
  let steps: Int
  /// Rows of a block.
  var rows: Int { steps * geometry.batches }

  /// - Parameter elements: values that are kept for each row.
  init(geometry: SequenceGeometry, elements: Int) {
    self.geometry = geometry
    // A megabyte or so.
    steps = max(1, min(geometry.steps, (1 << 18) / max(1, elements * geometry.batches)))
  }

  /// Calls `start` for each block, then `step` for each of its steps, in the direction of the sequence.
  ///
  /// - Throws: `cancelled` or `deadlineExceeded`, which is looked for before each step.
  func run(
    _ io: Operands, start: (Block) throws(OperatorError) -> Void, step: (Int, Block) throws(OperatorError) -> Void
  ) throws(OperatorError) {
    var done = 0
    while done < geometry.steps {
      let count = min(steps, geometry.steps - done)
      let block = Block(first: geometry.isForward ? done : geometry.steps - done - count, count: count)
      try start(block)
      for index in 0..<count {
        try io.context.checkStop()
        try step(block.first + (geometry.isForward ? index : count - 1 - index), block)
      }
      done += count
    }
  }

  /// The row inside of a block of a batch at a step.
  @inline(__always)
  func row(_ batch: Int, step: Int, _ block: Block) -> Int {
    let index = step - block.first
    return geometry.isTimeMajor ? index * geometry.batches + batch : batch * block.count + index
  }

  /// Calls `body` for runs of rows of the sequences that are consecutive rows of a block too.
  ///
  /// - Parameter body: takes the first row of the sequences, the first row of the block, and how many they are.
  func forEachRun(
    _ block: Block, _ body: (_ row: Int, _ blockRow: Int, _ count: Int) throws(OperatorError) -> Void
  ) throws(OperatorError) {
    if geometry.isTimeMajor || geometry.batches == 1 {
      try body(geometry.row(0, step: block.first), 0, block.count * geometry.batches)
      return
    }
    for batch in 0..<geometry.batches {
      try body(geometry.row(batch, step: block.first), batch * block.count, block.count)
    }
  }
}

/// The part of a recurrent cell that is the same in all of them: for each gate
/// `bias + W input + W' auxiliary input + W'' state`, in floats, or with `int8` weights and rows that are quantised while the model runs.
///
/// The products with inputs do not depend on the state, so that they are computed for many steps at once, in blocks.
struct SequenceProducts: Sendable {
  /// Scratch buffers, by their index.
  private enum Scratch {
    static let gates = 0
    static let recurrent = 1
    static let quantized = 2
    static let scales = 3
    static let zeroPoints = 4
    static let workspace = 5
    static let sums = 6
    static let rowSums = 7
    /// The first that is free for the cell.
    static let count = 8
  }
  static let scratchCount = Scratch.count

  /// A matrix for each gate and the rows that they are multiplied with.
  struct Source: Sendable {
    /// The input with the rows.
    let operand: Int
    let products: GateProducts
    /// The scale of each gate's weights, for quantised ones.
    let scales: [Float]
    /// Where the sums of computed weights begin in their scratch buffer, in bytes.
    fileprivate var rowSumOffset = 0

    /// - Parameter weights: the input with each gate's weights, `[units, depth]`.
    init(_ node: NodeContext, operand: Int, weights: [Int], isHybrid: Bool) throws(OperatorError) {
      self.operand = operand
      products = try GateProducts(node, weights: weights, isInteger: isHybrid)
      scales = isHybrid ? try weights.map { index throws(OperatorError) in try node.tensorScale(index) } : []
    }

    fileprivate func moved(to rowSumOffset: Int) -> Source {
      var source = self
      source.rowSumOffset = rowSumOffset
      return source
    }
  }

  let geometry: SequenceGeometry
  let units: Int
  let gateCount: Int
  /// For each gate the input with its bias; nil for zero.
  let biases: [Int?]
  let input: Source
  let auxiliary: Source?
  /// Matrices for some or all of the gates; nil when there is none.
  let recurrent: Source?
  let isHybrid: Bool
  /// Whether rows are quantised with a zero point.
  let isAsymmetric: Bool
  private let blocks: SequenceBlocks

  init(
    geometry: SequenceGeometry, units: Int, biases: [Int?], input: Source, auxiliary: Source?, recurrent: Source?,
    isHybrid: Bool, isAsymmetric: Bool
  ) {
    self.geometry = geometry
    self.units = units
    gateCount = biases.count
    self.biases = biases
    self.input = input
    var offset = input.products.rowSumBytes
    self.auxiliary = auxiliary.map { $0.moved(to: offset) }
    offset += auxiliary?.products.rowSumBytes ?? 0
    self.recurrent = recurrent.map { $0.moved(to: offset) }
    self.isHybrid = isHybrid
    self.isAsymmetric = isAsymmetric
    blocks = SequenceBlocks(geometry: geometry, elements: units * biases.count)
  }

  // MARK: Memory

  private var gateStride: Int { blocks.rows * units }
  private func rowSumPlace(_ source: Source) -> OperandPlace {
    OperandPlace(operand: .scratch(Scratch.rowSums), offset: source.rowSumOffset)
  }

  /// Bytes of the scratch buffers.
  var scratch: [Int] {
    var bytes = [Int](repeating: 0, count: Scratch.count)
    let blockRows = blocks.rows
    bytes[Scratch.gates] = gateCount * gateStride * 4
    bytes[Scratch.recurrent] = (recurrent?.products.gateCount ?? 0) * geometry.batches * units * 4
    if isHybrid {
      let inputs = blockRows * max(input.products.depth, auxiliary?.products.depth ?? 0)
      bytes[Scratch.quantized] = max(inputs, geometry.batches * (recurrent?.products.depth ?? 0))
      bytes[Scratch.scales] = blockRows * 4
      bytes[Scratch.zeroPoints] = blockRows * 4
      bytes[Scratch.rowSums] = [input, auxiliary, recurrent].reduce(0) { $0 + ($1?.products.rowSumBytes ?? 0) }
    }
    if isHybrid || auxiliary != nil { bytes[Scratch.sums] = gateCount * gateStride * 4 }
    bytes[Scratch.workspace] = max(
      input.products.workspaceBytes(rows: blockRows), auxiliary?.products.workspaceBytes(rows: blockRows) ?? 0,
      recurrent?.products.workspaceBytes(rows: geometry.batches) ?? 0)
    return bytes
  }

  // MARK: Running

  typealias Block = SequenceBlocks.Block

  /// Calls `step` for every step in the cell's order, when the products with the inputs are there and the ones with the state.
  func run(
    _ io: Operands, _ step: (_ step: Int, _ block: Block) throws(OperatorError) -> Void
  ) throws(OperatorError) {
    input.products.prepareRowSums(io, scratch: rowSumPlace(input))
    if let auxiliary { auxiliary.products.prepareRowSums(io, scratch: rowSumPlace(auxiliary)) }
    if let recurrent { recurrent.products.prepareRowSums(io, scratch: rowSumPlace(recurrent)) }
    try blocks.run(io) { block throws(OperatorError) in
      try start(io, block)
    } step: { now, block throws(OperatorError) in
      if let recurrent {
        try multiply(
          io, recurrent, rows: geometry.batches, first: 0, to: Scratch.recurrent, at: 0,
          gateStride: geometry.batches * units)
      }
      try step(now, block)
    }
  }

  /// The elements of a gate of a batch at a step, in the scratch buffer of all gates.
  @inline(never)
  private func range(_ gate: Int, _ batch: Int, _ step: Int, _ block: Block) -> Range<Int> {
    let row = blocks.row(batch, step: step, block)
    let first = gate * gateStride + row * units
    return first..<first + units
  }

  /// The values of a gate, to read.
  @inline(__always) @_lifetime(borrow io)
  func values(_ io: Operands, _ gate: Int, batch: Int, step: Int, _ block: Block) -> Span<Float> {
    io.elements(
      OperandPlace(operand: .scratch(Scratch.gates)), as: Float.self, range(gate, batch, step, block))
  }

  /// The values of a gate, to change. Before ``addRecurrent(_:_:matrix:batch:to:)`` they hold the products with the inputs.
  @inline(__always) @_lifetime(borrow io)
  func mutableValues(_ io: Operands, _ gate: Int, batch: Int, step: Int, _ block: Block) -> MutableSpan<Float> {
    io.scratch(Scratch.gates, as: Float.self, in: range(gate, batch, step, block))
  }

  /// Adds what is missing to the products with the inputs: the bias of float gates, and the product with the state.
  ///
  /// - Parameter matrix: which of the recurrent matrices; nil when the gate has none.
  func addRecurrent(_ io: Operands, gate: Int, matrix: Int?, batch: Int, to x: inout MutableSpan<Float>) {
    if !isHybrid, let bias = biases[gate] { RecurrentRow.add(&x, io.input(bias, as: Float.self)) }
    guard let matrix, let recurrent else { return }
    let first = (matrix * geometry.batches + batch) * units
    let place = OperandPlace(operand: .scratch(Scratch.recurrent))
    if isHybrid {
      let sums = io.elements(place, as: Int32.self, first..<first + units)
      let zeroPoint = io.writtenScratch(Scratch.zeroPoints, as: Int32.self)[batch]
      let scale = recurrent.scales[matrix] * io.writtenScratch(Scratch.scales, as: Float.self)[batch]
      recurrent.products.withRowSums(io, gate: matrix, scratch: rowSumPlace(recurrent)) { rowSums in
        RecurrentRow.addScaled(&x, sums, rowSums, zeroPoint: zeroPoint, scale: scale)
      }
    } else {
      RecurrentRow.add(&x, io.elements(place, as: Float.self, first..<first + units))
    }
  }

  /// The products of a block's rows of inputs.
  private func start(_ io: Operands, _ block: Block) throws(OperatorError) {
    let rows = block.count * geometry.batches
    try multiply(io, input, block, to: isHybrid ? Scratch.sums : Scratch.gates)
    if isHybrid { try scale(io, input, rows: rows, isFirst: true) }
    if let auxiliary {
      try multiply(io, auxiliary, block, to: Scratch.sums)
      if isHybrid {
        try scale(io, auxiliary, rows: rows, isFirst: false)
      } else {
        let (gateStride, units) = (gateStride, units)
        for gate in 0..<gateCount {
          try io.parallel(rows, grain: max(1, 65536 / max(units, 1))) { range in
            let elements = gate * gateStride + range.lowerBound * units..<gate * gateStride + range.upperBound * units
            var x = io.scratch(Scratch.gates, as: Float.self, in: elements)
            RecurrentRow.add(
              &x, io.elements(OperandPlace(operand: .scratch(Scratch.sums)), as: Float.self, elements))
          }
        }
      }
    }
  }

  private func multiply(_ io: Operands, _ source: Source, _ block: Block, to scratch: Int) throws(OperatorError) {
    try blocks.forEachRun(block) { row, blockRow, count throws(OperatorError) in
      try multiply(io, source, rows: count, first: row, to: scratch, at: blockRow, gateStride: gateStride)
    }
  }

  /// Multiplies rows `first..<first + rows` of a source, to the rows of a scratch buffer from row `target` on.
  private func multiply(
    _ io: Operands, _ source: Source, rows: Int, first: Int, to scratch: Int, at target: Int, gateStride: Int
  ) throws(OperatorError) {
    let depth = source.products.depth
    var place = OperandPlace(operand: .input(source.operand), offset: first * depth * 4)
    if isHybrid {
      try quantize(io, place, rows: rows, depth: depth, at: target)
      place = OperandPlace(operand: .scratch(Scratch.quantized), offset: target * depth)
    }
    try source.products.multiply(
      io, rows: rows, source: place,
      target: OperandPlace(operand: .scratch(scratch), offset: target * units * 4), gateStride: gateStride,
      workspace: Scratch.workspace)
  }

  /// Quantises rows to rows `target` and following.
  private func quantize(
    _ io: Operands, _ source: OperandPlace, rows: Int, depth: Int, at target: Int
  ) throws(OperatorError) {
    let isAsymmetric = isAsymmetric
    try io.parallel(rows, grain: max(1, 32768 / max(depth, 1))) { range in
      for row in range {
        let own = target + row
        DynamicQuantization.quantize(
          io, io.elements(source, as: Float.self, row * depth..<(row + 1) * depth), row: own, asymmetric: isAsymmetric,
          scratch: (Scratch.quantized, Scratch.scales, Scratch.zeroPoints))
      }
    }
  }

  /// `gates = bias + scaled sums`, or `gates += scaled sums`.
  private func scale(_ io: Operands, _ source: Source, rows: Int, isFirst: Bool) throws(OperatorError) {
    let (gateStride, units) = (gateStride, units)
    for gate in 0..<gateCount {
      try io.parallel(rows, grain: max(1, 65536 / max(units, 1))) { range in
        for row in range {
          let elements = gate * gateStride + row * units..<gate * gateStride + (row + 1) * units
          var x = io.scratch(Scratch.gates, as: Float.self, in: elements)
          if isFirst {
            if let bias = biases[gate] {
              RecurrentRow.copy(io.input(bias, as: Float.self), to: &x)
            } else {
              RecurrentRow.fill(&x, 0)
            }
          }
          let zeroPoint = io.writtenScratch(Scratch.zeroPoints, as: Int32.self)[row]
          let factor = source.scales[gate] * io.writtenScratch(Scratch.scales, as: Float.self)[row]
          let sums = io.elements(OperandPlace(operand: .scratch(Scratch.sums)), as: Int32.self, elements)
          source.products.withRowSums(io, gate: gate, scratch: rowSumPlace(source)) { rowSums in
            RecurrentRow.addScaled(&x, sums, rowSums, zeroPoint: zeroPoint, scale: factor)
          }
        }
      }
    }
  }
}

extension DynamicQuantization {
  /// Quantises a row into row `row` of scratch buffers for integers, scales and zero points.
  static func quantize(
    _ io: Operands, _ values: Span<Float>, row: Int, asymmetric: Bool,
    scratch: (values: Int, scales: Int, zeroPoints: Int)
  ) {
    var quantized = io.scratch(scratch.values, as: Int8.self, in: row * values.count..<(row + 1) * values.count)
    var scale = io.scratch(scratch.scales, as: Float.self, in: row..<row + 1)
    var zeroPoint = io.scratch(scratch.zeroPoints, as: Int32.self, in: row..<row + 1)
    quantize(values, asymmetric: asymmetric, &quantized, scales: &scale, zeroPoints: &zeroPoint)
  }
}

extension NodeContext {
  /// The one scale of a quantised input.
  func tensorScale(_ index: Int) throws(OperatorError) -> Float {
    let type = try input(index)
    return try type.tensorScale("input \(index)")
  }
}

extension TensorType {
  /// The one scale of a quantised tensor.
  ///
  /// - Parameter name: what errors call the tensor.
  func tensorScale(_ name: String) throws(OperatorError) -> Float {
    switch quantization {
    case .perChannel(let scales, _, _) where scales.count != 1:
      throw .unsupported("\(name) has a scale per channel; one scale per tensor is supported")
    case .blockwise: throw .unsupported("\(name) has a scale per block; one scale per tensor is supported")
    default: break
    }
    guard let scale = quantization.scale, scale > 0, scale.isFinite else {
      throw .malformed("\(name) is \(element) and has no scale above 0")
    }
    return scale
  }
}
