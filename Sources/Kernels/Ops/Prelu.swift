public import TensorTypes

/// `PRELU`: `x` where it is not negative, `alpha * x` elsewhere; `alpha` (input 1) is broadcast to the shape of `x` (input 0).
///
/// `float32`; with one scale and zero point each `int8`, `uint8`, and `int16` with an `int8` alpha. Of an `int16` alpha the bytes are taken for
/// `int8` elements, of which the first half counts, as TFLite's kernel does.
public struct Prelu: Operator {
  public static let definition = OperatorDefinition(.prelu, versions: 1...1)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([0]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    [try broadcast(node).shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let broadcast = try broadcast(node)
    switch try node.input(0).element {
    case .float32: return FloatArithmetic.prelu.kernel(broadcast)
    case .int8: return try Quantized<Int8, Int8>(node).kernel(broadcast)
    case .uint8: return try Quantized<UInt8, UInt8>(node).kernel(broadcast)
    case .float16: throw .unsupported("float16 input; float32, int8, uint8 and int16 are supported")
    default: return try Quantized<Int16, Int8>(node).kernel(broadcast)
    }
  }

  private func broadcast(_ node: NodeContext) throws(OperatorError) -> Broadcast {
    try node.expect(inputs: 2)
    let input = try node.input(0)
    let alpha = try node.input(1)
    try node.expectOutput(input.element)
    switch (input.element, alpha.element) {
    case (.float32, .float32), (.float16, .float16), (.int8, .int8), (.uint8, .uint8), (.int16, .int8),
      (.int16, .int16):
      break
    case (let input, let alpha):
      throw .unsupported(
        "\(input) with alpha \(alpha); float32, int8, uint8 and int16 with an int8 or int16 alpha are supported")
    }
    let broadcast = try Broadcast(input.shape, alpha.shape)
    guard broadcast.shape == input.shape else {
      throw .malformed("alpha has the shape \(alpha.shape), which does not broadcast to \(input.shape)")
    }
    return broadcast
  }

  private struct Quantized<
    T: FixedWidthInteger & BitwiseCopyable & Sendable, Alpha: FixedWidthInteger & BitwiseCopyable & Sendable
  >: BinaryElementFunction {
    let input: AffineParameters
    let alpha: AffineParameters
    let output: AffineParameters
    let identity: QuantizedMultiplier
    let slope: QuantizedMultiplier

    init(_ node: NodeContext) throws(OperatorError) {
      input = try node.affineInputOrZero(0)
      alpha = try node.affineInputOrZero(1)
      output = try node.affineOutput()
      identity = QuantizedMultiplier(Double(input.scale / output.scale))
      slope = QuantizedMultiplier(Double(input.scale * alpha.scale / output.scale))
    }

    @inline(__always) func apply(_ x: T, _ a: Alpha) -> T {
      let value = Int32(truncatingIfNeeded: x) &- input.zeroPoint
      let scaled =
        value >= 0
        ? identity.apply(value) : slope.apply(value &* (Int32(truncatingIfNeeded: a) &- alpha.zeroPoint))
      return T(clamping: scaled &+ output.zeroPoint)
    }
  }
}
