internal import TensorTypes

/// The sizes of an `SVDF`.
struct SVDFGeometry: Sendable {
  let batches: Int
  let inputSize: Int
  let filters: Int
  let memory: Int
  let rank: Int
  let hasBias: Bool

  var units: Int { filters / rank }
}

private enum Input {
  static let data = 0
  static let feature = 1
  static let time = 2
  static let bias = 3
  static let state = 4
}

/// `SVDF` in floats, and with weights of 8 bits.
struct FloatSVDF: Sendable {
  private enum Scratch {
    static let features = 0
    static let workspace = 1
    static let quantized = 2
    static let scales = 3
    static let zeroPoints = 4
    static let rowSums = 5
  }

  private let geometry: SVDFGeometry
  private let features: SequenceProducts.Source
  /// The scale of quantised time weights; nil for ones that count as zero.
  private let timeScale: Float?
  private let isHybrid: Bool
  private let isAsymmetric: Bool
  private let activation: RecurrentActivation

  init(
    _ node: NodeContext, _ geometry: SVDFGeometry, isHybrid: Bool, _ isAsymmetric: Bool, _ activation: FusedActivation
  ) throws(OperatorError) {
    self.geometry = geometry
    self.isHybrid = isHybrid
    self.isAsymmetric = isAsymmetric
    self.activation = .fused(activation)
    features = try SequenceProducts.Source(node, operand: Input.data, weights: [Input.feature], isHybrid: isHybrid)
    timeScale = try node.input(Input.time).element == .float32 ? nil : try node.tensorScale(Input.time)
  }

  func kernel() -> Kernel {
    let (batches, depth) = (geometry.batches, geometry.inputSize)
    var scratch = [batches * geometry.filters * 4, features.products.workspaceBytes(rows: batches)]
    if isHybrid { scratch += [batches * depth, batches * 4, batches * 4, features.products.rowSumBytes] }
    return Kernel(scratch: scratch) { io throws(OperatorError) in
      var source = OperandPlace(operand: .input(Input.data))
      if isHybrid {
        features.products.prepareRowSums(io, scratch: OperandPlace(operand: .scratch(Scratch.rowSums)))
        for row in 0..<batches {
          DynamicQuantization.quantize(
            io, io.input(Input.data, as: Float.self, in: row * depth..<(row + 1) * depth), row: row,
            asymmetric: isAsymmetric, scratch: (Scratch.quantized, Scratch.scales, Scratch.zeroPoints))
        }
        source = OperandPlace(operand: .scratch(Scratch.quantized))
      }
      try features.products.multiply(
        io, rows: batches, source: source, target: OperandPlace(operand: .scratch(Scratch.features)), gateStride: 0,
        workspace: Scratch.workspace)
      let (units, rank) = (geometry.units, geometry.rank)
      // Units of one batch after the other.
      try io.parallel(batches * units, grain: max(1, 16384 / max(rank * geometry.memory, 1))) { range in
        for index in range { unit(io, index) }
      }
      var y = io.output(0, as: Float.self)
      activation.apply(&y)
    }
  }

  /// Updates the state of a unit's filters and computes its output.
  private func unit(_ io: Operands, _ index: Int) {
    let (filters, memory, rank, units) = (geometry.filters, geometry.memory, geometry.rank, geometry.units)
    let (batch, unit) = (index / units, index % units)
    var sum: Float = 0
    for filter in unit * rank..<(unit + 1) * rank {
      let first = (batch * filters + filter) * memory
      var state = io.variable(Input.state, as: Float.self, in: first..<first + memory)
      shift(&state, feature(io, batch, filter))
      let weights = filter * memory..<(filter + 1) * memory
      var product: Float = 0
      if isHybrid {
        if let timeScale {
          let w = io.input(Input.time, as: Int8.self, in: weights)
          for i in w.indices { product += Float(w[i]) * timeScale * state[i] }
        }
      } else {
        let w = io.input(Input.time, as: Float.self, in: weights)
        for i in w.indices { product += w[i] * state[i] }
      }
      sum += product
    }
    if geometry.hasBias { sum += io.input(Input.bias, as: Float.self)[unit] }
    var y = io.output(0, as: Float.self, in: index..<index + 1)
    y[0] = sum
  }

  /// The product of an input with a filter's feature weights.
  private func feature(_ io: Operands, _ batch: Int, _ filter: Int) -> Float {
    let index = batch * geometry.filters + filter
    guard isHybrid else { return io.writtenScratch(Scratch.features, as: Float.self)[index] }
    let sum = io.writtenScratch(Scratch.features, as: Int32.self)[index]
    let zeroPoint = io.writtenScratch(Scratch.zeroPoints, as: Int32.self)[batch]
    var result: Float = 0
    features.products.withRowSums(io, gate: 0, scratch: OperandPlace(operand: .scratch(Scratch.rowSums))) {
      result =
        Float(sum &- zeroPoint &* $0[filter])
        * (io.writtenScratch(Scratch.scales, as: Float.self)[batch] * features.scales[0])
    }
    return result
  }
}

/// Drops the oldest element of a state and appends a new one.
private func shift<T: BitwiseCopyable>(_ state: inout MutableSpan<T>, _ newest: T) {
  guard state.count > 0 else { return }
  for i in 0..<state.count - 1 { state[i] = state[i + 1] }
  state[state.count - 1] = newest
}

/// `SVDF` in integers.
struct IntegerSVDF: Sendable {
  private let geometry: SVDFGeometry
  private let features: GateProducts
  private let feature: QuantizedMultiplier
  private let result: QuantizedMultiplier
  private let inputZeroPoint: Int32
  private let outputZeroPoint: Int32

  private enum Scratch {
    static let features = 0
    static let workspace = 1
    static let rowSums = 2
  }

  init(_ node: NodeContext, _ geometry: SVDFGeometry) throws(OperatorError) {
    self.geometry = geometry
    features = try GateProducts(node, weights: [Input.feature], isInteger: true)
    (feature, result) = try Self.multipliers(node)
    inputZeroPoint = Int32(truncatingIfNeeded: try node.input(Input.data).quantization.zeroPoint ?? 0)
    outputZeroPoint = Int32(truncatingIfNeeded: try node.output(0).quantization.zeroPoint ?? 0)
  }

  /// From the sums of products with features to the state, and from those of the state with time weights to the output.
  static func multipliers(
    _ node: NodeContext
  ) throws(OperatorError) -> (feature: QuantizedMultiplier, result: QuantizedMultiplier) {
    let state = try node.tensorScale(Input.state)
    let feature = try node.tensorScale(Input.data) * node.tensorScale(Input.feature) / state
    let result = try state * node.tensorScale(Input.time) / node.output(0).tensorScale("the output")
    return (QuantizedMultiplier(Double(feature)), QuantizedMultiplier(Double(result)))
  }

  func kernel() -> Kernel {
    let batches = geometry.batches
    let scratch = [
      batches * geometry.filters * 4, features.workspaceBytes(rows: batches), features.rowSumBytes,
    ]
    return Kernel(scratch: scratch) { io throws(OperatorError) in
      features.prepareRowSums(io, scratch: OperandPlace(operand: .scratch(Scratch.rowSums)))
      try features.multiply(
        io, rows: batches, source: OperandPlace(operand: .input(Input.data)),
        target: OperandPlace(operand: .scratch(Scratch.features)), gateStride: 0, workspace: Scratch.workspace)
      let (units, rank) = (geometry.units, geometry.rank)
      try io.parallel(batches * units, grain: max(1, 16384 / max(rank * geometry.memory, 1))) { range in
        for index in range { unit(io, index) }
      }
    }
  }

  private func unit(_ io: Operands, _ index: Int) {
    let (filters, memory, rank, units) = (geometry.filters, geometry.memory, geometry.rank, geometry.units)
    let (batch, unit) = (index / units, index % units)
    var sum: Int32 = 0
    for filter in unit * rank..<(unit + 1) * rank {
      let first = (batch * filters + filter) * memory
      let product = io.writtenScratch(Scratch.features, as: Int32.self)[batch * filters + filter]
      var rowSum: Int32 = 0
      features.withRowSums(io, gate: 0, scratch: OperandPlace(operand: .scratch(Scratch.rowSums))) {
        rowSum = $0[filter]
      }
      var state = io.variable(Input.state, as: Int16.self, in: first..<first + memory)
      shift(&state, Int16(clamping: feature.apply(product &- inputZeroPoint &* rowSum)))
      let w = io.input(Input.time, as: Int16.self, in: filter * memory..<(filter + 1) * memory)
      for i in w.indices { sum &+= Int32(w[i]) &* Int32(state[i]) }
    }
    if geometry.hasBias { sum &+= io.input(Input.bias, as: Int32.self)[unit] }
    var y = io.output(0, as: Int8.self, in: index..<index + 1)
    y[0] = Int8(clamping: result.apply(sum) &+ outputZeroPoint)
  }
}
