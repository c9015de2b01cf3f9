import Foundation
import TensorTypes

/// An LSTM cell with random weights, and what it computes, slowly and in double precision.
///
/// Gates are in the order input, forget, cell, output.
public struct LSTMModel {
  public enum Kind: Sendable, Hashable {
    case float
    case hybrid(ElementType, asymmetric: Bool)
    case integer
  }

  public struct Parts: OptionSet, Sendable, Hashable, CustomStringConvertible {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }
    /// Input and forget gates are coupled.
    public static let coupled = Parts(rawValue: 1)
    public static let peephole = Parts(rawValue: 2)
    public static let projection = Parts(rawValue: 4)
    public static let projectionBias = Parts(rawValue: 8)
    public static let normalization = Parts(rawValue: 16)
    public static let diagonal = Parts(rawValue: 32)
    public var description: String { "\(rawValue)" }
  }

  public let kind: Kind
  public let parts: Parts
  public let inputSize: Int
  public let auxiliarySize: Int
  public let cells: Int
  public let outputs: Int
  public var cellClip: Double = 0
  public var projectionClip: Double = 0

  /// The operands by their position among the operator's inputs 1 to 17, then the coefficients of the normalisation.
  public private(set) var tensors: [TestTensor?] = []
  public private(set) var normalizationTensors: [TestTensor?] = []
  public private(set) var auxiliaryTensors: [TestTensor?] = []
  public private(set) var intermediates: [TensorType] = []

  private var inputWeights: [[Double]] = []
  private var auxiliaryWeights: [[Double]] = []
  private var recurrentWeights: [[Double]] = []
  private var peephole: [[Double]] = []
  private var biases: [[Double]] = []
  private var coefficients: [[Double]] = []
  private var projectionWeights: [Double] = []
  private var projectionBias: [Double] = []

  // The quantisation of integer cells.
  public static let inputQuantization = Quantization.perTensor(scale: 1.0 / 64, zeroPoint: 3)
  public static let outputQuantization = Quantization.perTensor(scale: 1.0 / 128, zeroPoint: -5)
  public static let cellQuantization = Quantization.perTensor(scale: 1.0 / 2048, zeroPoint: 0)

  public init(
    _ kind: Kind = .float, _ parts: Parts = [], inputSize: Int, auxiliarySize: Int = 0, cells: Int, outputs: Int? = nil,
    seed: UInt64
  ) throws {
    self.kind = kind
    self.parts = parts
    self.inputSize = inputSize
    self.auxiliarySize = auxiliarySize
    self.cells = cells
    self.outputs = parts.contains(.projection) ? outputs ?? max(1, cells - 1) : cells
    var generator = SeededGenerator(seed: seed)
    func random(_ count: Int, _ range: ClosedRange<Float> = -0.6...0.6) -> [Double] {
      generator.floats(count, in: range).map { Double($0) }
    }
    let gates = parts.contains(.coupled) ? [1, 2, 3] : [0, 1, 2, 3]
    func optional(_ gate: Int) -> Bool { gates.contains(gate) }
    let element: ElementType =
      switch kind {
      case .float: .float32
      case .hybrid(let element, _): element
      case .integer: .int8
      }
    /// The tensor for real weights, and what it stands for.
    func weights(_ reals: [Double], _ dimensions: [Int]) throws -> (TestTensor, [Double], Float) {
      guard element != .float32 else {
        let values = reals.map { Float($0) }
        return (try TestTensor(values, dimensions).constant, values.map(Double.init), 1)
      }
      let quantized = QuantizedWeights<Int8>(reals)
      return (
        try TestTensor(
          quantized.values, dimensions, element: element,
          quantization: .perTensor(scale: quantized.scale, zeroPoint: 0)
        ).constant, quantized.reals, quantized.scale
      )
    }
    func floats(_ reals: [Double], _ dimensions: [Int]) throws -> (TestTensor, [Double]) {
      let values = reals.map { Float($0) }
      return (try TestTensor(values, dimensions).constant, values.map(Double.init))
    }
    func shorts(_ reals: [Double], _ dimensions: [Int]) throws -> (TestTensor, [Double], Float) {
      let quantized = QuantizedWeights<Int16>(reals)
      return (
        try TestTensor(
          quantized.values, dimensions, quantization: .perTensor(scale: quantized.scale, zeroPoint: 0)
        ).constant, quantized.reals, quantized.scale
      )
    }
    func integers(_ reals: [Double], _ dimensions: [Int], scale: Float) throws -> (TestTensor, [Double]) {
      let quantized = QuantizedWeights<Int32>(reals, scale: scale)
      return (try TestTensor(quantized.values, dimensions).constant, quantized.reals)
    }

    var inputTensors: [TestTensor?] = []
    var inputScales: [Float] = []
    for gate in 0..<4 {
      let (tensor, reals, scale) = try weights(random(cells * inputSize), [cells, inputSize])
      inputTensors.append(optional(gate) ? tensor : nil)
      inputWeights.append(reals)
      inputScales.append(scale)
    }
    var recurrentTensors: [TestTensor?] = []
    for gate in 0..<4 {
      if parts.contains(.diagonal), gate != 1 {
        let (tensor, reals) = try floats(random(cells), [cells])
        recurrentTensors.append(optional(gate) ? tensor : nil)
        recurrentWeights.append(reals)
      } else {
        let (tensor, reals, _) = try weights(random(cells * self.outputs), [cells, self.outputs])
        recurrentTensors.append(optional(gate) ? tensor : nil)
        recurrentWeights.append(reals)
      }
    }
    var peepholeTensors: [TestTensor?] = [nil, nil, nil]
    for (index, gate) in [0, 1, 3].enumerated() where parts.contains(.peephole) {
      let (tensor, reals, _) =
        kind == .integer ? try shorts(random(cells), [cells]) : try weights(random(cells), [cells])
      peepholeTensors[index] = optional(gate) ? tensor : nil
      peephole.append(reals)
    }
    var biasTensors: [TestTensor?] = []
    for gate in 0..<4 {
      let reals = random(cells)
      var coefficientScale: Float = 1
      if parts.contains(.normalization) {
        let values = random(cells, 0.5...1.5)
        let (tensor, known, scale) =
          kind == .integer ? try shorts(values, [cells]) : try Self.unscaled(floats(values, [cells]))
        normalizationTensors.append(optional(gate) ? tensor : nil)
        coefficients.append(known)
        coefficientScale = scale
      }
      let (tensor, known) =
        kind == .integer
        ? try integers(
          reals, [cells],
          scale: parts.contains(.normalization) ? coefficientScale / 1024 : inputScales[gate] / 64)
        : try floats(reals, [cells])
      biasTensors.append(optional(gate) ? tensor : nil)
      biases.append(known)
    }
    if !parts.contains(.normalization) { normalizationTensors = [nil, nil, nil, nil] }
    tensors = inputTensors + recurrentTensors + peepholeTensors + biasTensors + [nil, nil]
    if parts.contains(.projection) {
      let (tensor, reals, scale) = try weights(random(self.outputs * cells), [self.outputs, cells])
      tensors[15] = tensor
      projectionWeights = reals
      if parts.contains(.projectionBias) {
        let values = random(self.outputs, -0.2...0.2)
        let (tensor, known) =
          kind == .integer
          ? try integers(values, [self.outputs], scale: scale / 128) : try floats(values, [self.outputs])
        tensors[16] = tensor
        projectionBias = known
      }
    }
    for gate in 0..<4 where auxiliarySize > 0 {
      let (tensor, reals, _) = try weights(random(cells * auxiliarySize), [cells, auxiliarySize])
      auxiliaryTensors.append(optional(gate) ? tensor : nil)
      auxiliaryWeights.append(reals)
    }
    if kind == .integer {
      let gate = TensorType(
        element: .int16, shape: .scalar, quantization: .perTensor(scale: 1.0 / 4096, zeroPoint: 0))
      // Without a projection the inner result is the output.
      let hidden = TensorType(
        element: .int8, shape: .scalar,
        quantization: parts.contains(.projection)
          ? .perTensor(scale: 1.0 / 128, zeroPoint: -3) : Self.outputQuantization
      )
      intermediates = [gate, gate, gate, gate, hidden]
    }
  }

  private static func unscaled(_ pair: (TestTensor, [Double])) -> (TestTensor, [Double], Float) { (pair.0, pair.1, 1) }

  /// The state variables of a batch, at their start.
  public func states(batches: Int) throws -> [TestTensor] {
    if kind == .integer {
      return [
        try TestTensor(
          [Int8](repeating: -5, count: batches * outputs), [batches, outputs], quantization: Self.outputQuantization),
        try TestTensor(
          [Int16](repeating: 0, count: batches * cells), [batches, cells], quantization: Self.cellQuantization),
      ]
    }
    return [
      try TestTensor([Float](repeating: 0, count: batches * outputs), [batches, outputs]),
      try TestTensor([Float](repeating: 0, count: batches * cells), [batches, cells]),
    ]
  }

  /// The state of one sequence.
  public struct State {
    public var output: [Double]
    public var cell: [Double]
  }

  public var start: State {
    State(output: [Double](repeating: 0, count: outputs), cell: [Double](repeating: 0, count: cells))
  }

  /// One step of one sequence. The activation is the hyperbolic tangent.
  public func step(_ state: inout State, _ input: [Double], auxiliary: [Double] = []) {
    var rows = (input: input, auxiliary: auxiliary, output: state.output)
    if case .hybrid(_, let asymmetric) = kind {
      rows.input = DynamicRows.quantized(input, asymmetric: asymmetric)
      rows.auxiliary = DynamicRows.quantized(auxiliary, asymmetric: asymmetric)
      rows.output = DynamicRows.quantized(state.output, asymmetric: asymmetric)
    }
    func product(_ weights: [Double], _ row: [Double], _ unit: Int) -> Double {
      row.indices.reduce(0) { $0 + weights[unit * row.count + $1] * row[$1] }
    }
    func gate(_ gate: Int, _ cell: [Double]) -> [Double] {
      var sums = (0..<cells).map { unit -> Double in
        var sum = product(inputWeights[gate], rows.input, unit)
        if auxiliarySize > 0 { sum += product(auxiliaryWeights[gate], rows.auxiliary, unit) }
        if parts.contains(.diagonal), gate != 1 {
          sum += recurrentWeights[gate][unit] * state.output[unit]
        } else {
          sum += product(recurrentWeights[gate], rows.output, unit)
        }
        if parts.contains(.peephole), gate != 2 { sum += peephole[gate == 3 ? 2 : gate][unit] * cell[unit] }
        return parts.contains(.normalization) ? sum : sum + biases[gate][unit]
      }
      if parts.contains(.normalization) {
        let mean = sums.reduce(0, +) / Double(cells)
        let variance = sums.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(cells)
        sums = (0..<cells).map {
          (sums[$0] - mean) / (variance + 1e-8).squareRoot() * coefficients[gate][$0] + biases[gate][$0]
        }
      }
      return sums.map { gate == 2 ? tanh($0) : 1 / (1 + exp(-$0)) }
    }
    let forget = gate(1, state.cell)
    let input = parts.contains(.coupled) ? forget.map { 1 - $0 } : gate(0, state.cell)
    let update = gate(2, state.cell)
    var cell = (0..<cells).map { forget[$0] * state.cell[$0] + input[$0] * update[$0] }
    if cellClip > 0 { cell = cell.map { min(max($0, -cellClip), cellClip) } }
    let out = gate(3, cell)
    var hidden = (0..<cells).map { out[$0] * tanh(cell[$0]) }
    state.cell = cell
    guard parts.contains(.projection) else {
      state.output = hidden
      return
    }
    if case .hybrid(_, let asymmetric) = kind { hidden = DynamicRows.quantized(hidden, asymmetric: asymmetric) }
    state.output = (0..<outputs).map {
      let sum = product(projectionWeights, hidden, $0) + (projectionBias.isEmpty ? 0 : projectionBias[$0])
      return projectionClip > 0 ? min(max(sum, -projectionClip), projectionClip) : sum
    }
  }
}
