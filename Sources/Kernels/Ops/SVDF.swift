public import TensorTypes

/// `SVDF`: a fully connected operator over the last steps of a sequence, with weights of low rank: each filter multiplies an input with one vector
/// and its own last results with another. The state is a variable, so that a sequence is one invocation after the other.
///
/// Inputs: the input `[batch, input size]`, feature weights `[filters, input size]`, time weights `[filters, memory]`, an optional bias `[units]`,
/// and the state, a variable `[batch, memory * filters]`. The output is `[batch, units]` with `units = filters / rank`: sums over `rank` filters
/// each, plus the bias, with an activation.
///
/// Types: `float32`; `float32` with `int8` or `uint8` weights (bytes are read as signed), for which inputs are quantised while the model runs (time
/// weights that are `float32` then, and so have no scale, count as zero, as in TFLite); and
/// `int8` with `int8` feature weights, `int16` time weights and state, an `int32` bias and the activation `RELU`, with the bits of TFLite's
/// reference kernel (which clamps to the range of `int8` only).
public struct SVDF: Operator {
  public static let definition = OperatorDefinition(.svdf, versions: 1...4, options: 6)

  package let rank: Int
  package let activation: FusedActivation
  /// Whether rows are quantised with a zero point, for 8-bit weights.
  package let isAsymmetric: Bool

  public init(options: OperatorOptions) throws(OperatorError) {
    rank = Int(try options.int32(0))
    activation = try FusedActivation(options, slot: 1)
    isAsymmetric = try options.bool(2)
  }

  public var isPure: Bool { false }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    [try plan(node).output]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let plan = try plan(node)
    switch plan.arithmetic {
    case .float, .hybrid:
      return try FloatSVDF(node, plan.geometry, isHybrid: plan.arithmetic == .hybrid, isAsymmetric, activation).kernel()
    case .integer: return try IntegerSVDF(node, plan.geometry).kernel()
    }
  }

  private func plan(
    _ node: NodeContext
  ) throws(OperatorError) -> (geometry: SVDFGeometry, arithmetic: LSTMArithmetic, output: Shape) {
    try node.expect(inputs: 5)
    let input = try node.input(0)
    let feature = try node.input(1)
    let time = try node.input(2)
    let output = try node.output(0)
    let arithmetic: LSTMArithmetic
    let elements: (bias: ElementType, state: ElementType, output: ElementType)
    switch (input.element, feature.element, time.element) {
    case (.float32, .float32, .float32):
      arithmetic = .float
      elements = (.float32, .float32, .float32)
    case (.float32, .int8, .int8), (.float32, .uint8, .uint8), (.float32, .int8, .float32),
      (.float32, .uint8, .float32):
      arithmetic = .hybrid
      elements = (.float32, .float32, .float32)
      guard time.element != .float32 || time.quantization.scale == nil else {
        throw .malformed("the time weights are float32 and have a scale")
      }
    case (.int8, .int8, .int16):
      arithmetic = .integer
      elements = (.int32, .int16, .int8)
      guard activation == .relu else {
        throw .unsupported("the activation \(activation) with int8; RELU is supported")
      }
      _ = try IntegerSVDF.multipliers(node)
    default:
      throw .unsupported(
        "\(input.element) input with \(feature.element) and \(time.element) weights; float32, float32 with int8 or uint8, and int8 with int8 and int16 are supported"
      )
    }
    guard input.shape.rank == 2, feature.shape.rank == 2, time.shape.rank == 2, feature.shape[1] == input.shape[1],
      time.shape[0] == feature.shape[0]
    else {
      throw .malformed("the weights \(feature.shape) and \(time.shape) do not fit the input \(input.shape)")
    }
    let filters = feature.shape[0]
    guard rank > 0, filters % rank == 0 else {
      throw .malformed("rank is \(rank); it must be above 0 and divide the \(filters) filters")
    }
    let geometry = SVDFGeometry(
      batches: input.shape[0], inputSize: input.shape[1], filters: filters, memory: time.shape[1], rank: rank,
      hasBias: node.hasInput(3))
    if geometry.hasBias {
      let bias = try node.input(3)
      guard bias.shape.dimensions == [geometry.units], bias.element == elements.bias else {
        throw .malformed("the bias is \(bias), not \(elements.bias)[\(geometry.units)]")
      }
    }
    let state = try node.input(4)
    let (width, overflow) = geometry.memory.multipliedReportingOverflow(by: filters)
    guard !overflow, state.shape.dimensions == [geometry.batches, width] else {
      throw .malformed("the state is \(state.shape), not [\(geometry.batches), \(geometry.memory) * \(filters)]")
    }
    try node.expectState(
      4, elements: geometry.batches.multipliedReportingOverflow(by: width), element: elements.state)
    guard output.element == elements.output else {
      throw .malformed("the output is \(output.element), not \(elements.output)")
    }
    guard let shape = Shape([geometry.batches, geometry.units]),
      // The filters' results of all batches must fit in memory too.
      Shape([geometry.batches, filters]) != nil
    else { throw .malformed("the output of input \(input.shape) is too large") }
    return (geometry, arithmetic, shape)
  }
}
