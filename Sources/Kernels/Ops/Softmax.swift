public import TensorTypes

/// `SOFTMAX`: `exp(beta * x)`, normalised to sum to 1 along the last axis.
///
/// At least one dimension. `float32`, `float16`; `int8` to `int8` (zero point -128, scale 1/256) or `int16`; `uint8` to `uint8` or `int16`;
/// `int16` to `int16` (zero points 0, output scale 1/32768).
public struct Softmax: Operator {
  public static let definition = OperatorDefinition(.softmax, versions: 1...4, options: 9)

  package let beta: Float

  public init(options: OperatorOptions) throws(OperatorError) {
    beta = try options.float(0)
  }

  public var sharing: OperandSharing { .inPlace([0]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 1)
    let input = try node.input(0)
    guard input.shape.rank >= 1 else { throw .malformed("the input is a scalar; it needs a last axis") }
    let output = try node.output(0).element
    switch (input.element, output) {
    case (.float32, .float32), (.float16, .float16), (.int8, .int8), (.uint8, .uint8), (.int16, .int16),
      (.int8, .int16), (.uint8, .int16):
      return [input.shape]
    default:
      throw .unsupported(
        "\(input.element) to \(output); float32, float16, int8, uint8 and int16, and int8 or uint8 to int16 are supported"
      )
    }
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    let rows = SoftmaxRows(input.shape)
    switch (input.element, try node.output(0).element) {
    case (.float32, _): return rows.floatKernel(beta: beta)
    case (.float16, _): return rows.halfKernel(beta: beta)
    case (.int8, .int8):
      try expectOutput(node, scale: 1 / 256, zeroPoint: -128)
      return try byteKernel(node, rows, from: Int8.self, to: Int8.self)
    case (.int8, _): return try byteKernel(node, rows, from: Int8.self, to: Int16.self)
    case (.uint8, .uint8): return try byteKernel(node, rows, from: UInt8.self, to: UInt8.self)
    case (.uint8, _): return try byteKernel(node, rows, from: UInt8.self, to: Int16.self)
    default:
      try expectOutput(node, scale: 1 / 32768, zeroPoint: 0)
      let scale = try node.affineInput(0)
      try node.expectSymmetric(scale)
      return rows.kernel(ShortSoftmax(inputScale: scale.scale, beta: try finiteBeta()))
    }
  }

  private func byteKernel<
    In: FixedWidthInteger & BitwiseCopyable & Sendable, Out: FixedWidthInteger & BitwiseCopyable & Sendable
  >(
    _ node: NodeContext, _ rows: SoftmaxRows, from: In.Type, to: Out.Type
  ) throws(OperatorError) -> Kernel {
    let scale = try node.affineInput(0).scale
    return rows.kernel(try ByteSoftmax<In, Out>(inputScale: scale, beta: try finiteBeta()))
  }

  private func finiteBeta() throws(OperatorError) -> Float {
    guard beta.isFinite, beta > 0 else { throw .unsupported("beta is \(beta); quantised inputs need a positive one") }
    return beta
  }

  private func expectOutput(_ node: NodeContext, scale: Float, zeroPoint: Int32) throws(OperatorError) {
    let output = try node.affineOutput()
    guard output.zeroPoint == zeroPoint, abs(output.scale - scale) <= 0.001 * scale else {
      throw .malformed(
        "the output has the scale \(output.scale) and zero point \(output.zeroPoint); they must be \(scale) and \(zeroPoint)"
      )
    }
  }
}
