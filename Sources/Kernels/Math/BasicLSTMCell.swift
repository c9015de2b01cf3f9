internal import CKernels
internal import TensorTypes

/// The basic kernel of `LSTM`: one weight matrix for all gates, which sees the input and the last output side by side.
///
/// Inputs: the input `[batch, input size]`, the last output `[batch, cells]`, weights `[4 * cells, input size + cells]` of input gate, cell gate,
/// forget gate and output gate, biases `[4 * cells]`, the cell state `[batch, cells]`. Outputs: the output and the new cell state, both
/// `[batch, cells]`, and two that show the inner values: input and last output side by side, and the gates before their activations
/// `[batch, 4 * cells]`. Where the last output or the state is a variable it takes the new value.
///
/// Types: all `float32`; or `uint8` activations around 128 and `uint8` weights, `int32` biases, `int16` states with the scale 1/2048 and gates
/// with 1/4096, with the bits of TFLite's reference kernel.
struct BasicLSTMCell: Sendable {
  private let batches: Int
  private let inputSize: Int
  private let cells: Int
  private let isQuantized: Bool
  private let weightZeroPoint: Int32
  private let multiplier: QuantizedMultiplier
  private let keeps: (output: Bool, state: Bool)

  private enum Input {
    static let data = 0
    static let output = 1
    static let weights = 2
    static let biases = 3
    static let state = 4
  }
  private enum Output {
    static let output = 0
    static let state = 1
    static let operands = 2
    static let gates = 3
  }

  init(_ node: NodeContext) throws(OperatorError) {
    try node.expect(inputs: 5, outputs: 4)
    let types: [TensorType] = [
      try node.input(0), try node.input(1), try node.input(2), try node.input(3), try node.input(4),
    ]
    let shapes = types.map(\.shape)
    guard shapes[0].rank == 2, shapes[1].rank == 2 else {
      throw .malformed("input \(shapes[0]) and last output \(shapes[1]) must have rank 2")
    }
    batches = shapes[0][0]
    inputSize = shapes[0][1]
    cells = shapes[1][1]
    let expected = [
      shapes[0].dimensions, [batches, cells], [4 * cells, inputSize + cells], [4 * cells], [batches, cells],
    ]
    for (index, dimensions) in expected.enumerated() where shapes[index].dimensions != dimensions {
      throw .malformed("input \(index) is \(shapes[index]), not \(dimensions)")
    }
    let elements = types.map(\.element) + node.outputs.map(\.element)
    if elements == [ElementType](repeating: .float32, count: 9) {
      isQuantized = false
      weightZeroPoint = 0
      multiplier = QuantizedMultiplier(multiplier: 0, shift: 0)
    } else if elements == [.uint8, .uint8, .uint8, .int32, .int16, .uint8, .int16, .uint8, .int16] {
      isQuantized = true
      guard powerOfTwo(try node.output(Output.state).tensorScale("the new state")) == -11 else {
        throw .unsupported("a cell state with another scale than 1/2048")
      }
      weightZeroPoint = Int32(truncatingIfNeeded: types[Input.weights].quantization.zeroPoint ?? 0)
      // As in TFLite, single precision times 4096 is exact.
      multiplier = QuantizedMultiplier(4096 * Double(try types[Input.biases].tensorScale("the bias")))
    } else {
      throw .unsupported(
        "a basic LSTM with operands \(elements.map(\.description).joined(separator: ", ")); float32, or uint8 with int32 biases and int16 states, are supported"
      )
    }
    keeps = (node.isVariable(Input.output), node.isVariable(Input.state))
  }

  /// The shapes of the outputs.
  var outputShapes: [Shape] {
    get throws(OperatorError) {
      var result: [Shape] = []
      for size in [cells, cells, inputSize + cells, 4 * cells] {
        guard let shape = Shape([batches, size]) else { throw .malformed("the outputs are too large") }
        result.append(shape)
      }
      return result
    }
  }

  func kernel(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let depth = inputSize + cells
    if isQuantized {
      return Kernel { io throws(OperatorError) in
        gather(io, as: UInt8.self)
        let tile = tileSize(of: batches * 4 * cells, operations: depth, picoseconds: 300)
        try io.forEachTile(of: tile, in: batches * 4 * cells) { range in quantizedProducts(io, range) }
        for batch in 0..<batches { quantizedStep(io, batch) }
        keep(io, as: UInt8.self, state: Int16.self)
      }
    }
    let products = try GateProducts(node, weights: [Input.weights], isInteger: false)
    let gateCount = batches * 4 * cells
    return Kernel(scratch: [products.workspaceBytes(rows: batches), gateCount * 4]) { io throws(OperatorError) in
      gather(io, as: Float.self)
      try products.multiply(
        io, rows: batches, source: OperandPlace(operand: .output(Output.operands)),
        target: OperandPlace(operand: .scratch(1)), gateStride: 0, workspace: 0)
      for batch in 0..<batches { floatStep(io, batch) }
      keep(io, as: Float.self, state: Float.self)
    }
  }

  /// Puts input and last output side by side.
  private func gather<T: BitwiseCopyable>(_ io: Operands, as: T.Type) {
    let depth = inputSize + cells
    for batch in 0..<batches {
      var row = io.output(Output.operands, as: T.self, in: batch * depth..<(batch + 1) * depth)
      let x = io.input(Input.data, as: T.self, in: batch * inputSize..<(batch + 1) * inputSize)
      let h = io.input(Input.output, as: T.self, in: batch * cells..<(batch + 1) * cells)
      for i in x.indices { row[i] = x[i] }
      for i in h.indices { row[inputSize + i] = h[i] }
    }
  }

  /// Keeps output and state for the next invocation.
  private func keep<T: BitwiseCopyable, S: BitwiseCopyable>(_ io: Operands, as: T.Type, state: S.Type) {
    if keeps.output {
      let new = io.elements(OperandPlace(operand: .output(Output.output)), as: T.self, 0..<batches * cells)
      var kept = io.variable(Input.output, as: T.self)
      for i in new.indices { kept[i] = new[i] }
    }
    if keeps.state {
      let new = io.elements(OperandPlace(operand: .output(Output.state)), as: S.self, 0..<batches * cells)
      var kept = io.variable(Input.state, as: S.self)
      for i in new.indices { kept[i] = new[i] }
    }
  }

  private func floatStep(_ io: Operands, _ batch: Int) {
    let own = batch * cells..<(batch + 1) * cells
    let all = batch * 4 * cells..<(batch + 1) * 4 * cells
    var gates = io.output(Output.gates, as: Float.self, in: all)
    RecurrentRow.copy(io.elements(OperandPlace(operand: .scratch(1)), as: Float.self, all), to: &gates)
    RecurrentRow.add(&gates, io.input(Input.biases, as: Float.self))
    let last = io.input(Input.state, as: Float.self, in: own)
    var state = io.output(Output.state, as: Float.self, in: own)
    var output = io.output(Output.output, as: Float.self, in: own)
    // Input, new value, forget, output.
    var active = io.scratch(1, as: Float.self, in: all)
    RecurrentRow.copy(gates.span, to: &active)
    FloatFunction.logistic.apply(&active)
    for i in last.indices { state[i] = gates[cells + i] }
    FloatFunction.tanh.apply(&state)
    for i in last.indices { state[i] = active[i] * state[i] + active[2 * cells + i] * last[i] }
    FloatFunction.tanh.apply(state.span, &output)
    for i in output.indices { output[i] = active[3 * cells + i] * output[i] }
  }

  /// `value * multiplier`, rounded twice to nearest with ties upwards: the rounding of TFLite's matrix products, which only this kernel takes over.
  @inline(__always)
  private func scaled(_ value: Int32) -> Int32 {
    let left = value &<< max(multiplier.shift, 0)
    let product = (Int64(left) &* Int64(multiplier.multiplier) &+ (1 << 30)) &>> 31
    let right = Int64(max(-multiplier.shift, 0))
    let half: Int64 = right > 0 ? 1 &<< (right &- 1) : 0
    return Int32(truncatingIfNeeded: (product &+ half) &>> right)
  }

  private func quantizedProducts(_ io: Operands, _ range: Range<Int>) {
    let depth = inputSize + cells
    let biases = io.input(Input.biases, as: Int32.self)
    let weights = io.input(Input.weights, as: UInt8.self)
    var gates = io.output(Output.gates, as: Int16.self, in: range)
    for index in range {
      let (batch, gate) = (index / (4 * cells), index % (4 * cells))
      let place = OperandPlace(operand: .output(Output.operands))
      let x = io.elements(place, as: UInt8.self, batch * depth..<(batch + 1) * depth)
      let w = weights.extracting(gate * depth..<(gate + 1) * depth)
      precondition(x.count == w.count)
      var sum: Int32 = 0
      for i in x.indices { sum &+= (Int32(x[i]) &- 128) &* (Int32(w[i]) &- weightZeroPoint) }
      gates[index - range.lowerBound] = Int16(clamping: scaled(sum &+ biases[gate]))
    }
  }

  private func quantizedStep(_ io: Operands, _ batch: Int) {
    let own = batch * cells..<(batch + 1) * cells
    let gates = io.elements(
      OperandPlace(operand: .output(Output.gates)), as: Int16.self, batch * 4 * cells..<(batch + 1) * 4 * cells)
    let last = io.input(Input.state, as: Int16.self, in: own)
    var state = io.output(Output.state, as: Int16.self, in: own)
    var output = io.output(Output.output, as: UInt8.self, in: own)
    for i in last.indices {
      let input = FixedPoint16.multiply(
        FixedPoint16.logistic(gates[i]), FixedPoint16.tanh(gates[cells + i], integerBits: 3))
      let kept = FixedPoint16.multiply(FixedPoint16.logistic(gates[2 * cells + i]), last[i])
      // States have four integer bits, gates three.
      let new = FixedPoint16.add(FixedPoint16.divide(input, byPowerOfTwo: 4), kept)
      state[i] = new
      let activated = FixedPoint16.multiply(
        FixedPoint16.logistic(gates[3 * cells + i]),
        FixedPoint16.tanh(FixedPoint16.shiftLeft(new, 1), integerBits: 3))
      let byte = min(max(FixedPoint16.divide(activated, byPowerOfTwo: 8), -128), 127)
      output[i] = UInt8(truncatingIfNeeded: 128 &+ byte)
    }
  }
}
