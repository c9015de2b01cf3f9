public import TensorTypes

/// `LEAKY_RELU`: `x` where it is positive, `alpha * x` elsewhere, element by element.
///
/// Any shape. `float32` and, with one scale and zero point each for input and output, `int8`, `uint8` and `int16` (zero point 0).
public struct LeakyRelu: Operator {
  public static let definition = OperatorDefinition(.leakyRelu, versions: 1...2, options: 75)

  package let alpha: Float

  public init(options: OperatorOptions) throws(OperatorError) {
    alpha = try options.float(0)
  }

  public var sharing: OperandSharing { .inPlace([0]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.unaryShape()
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let type = try node.input(0)
    let count = type.shape.elementCount
    switch type.element {
    case .float32: return Function(alpha: alpha).kernel(count: count)
    case .int8:
      let function = try Quantized<Int8>(node, alpha)
      return ByteLookup(Int8.self) { function.apply($0) }.kernel(count: count)
    case .uint8:
      let function = try Quantized<UInt8>(node, alpha)
      return ByteLookup(UInt8.self) { function.apply($0) }.kernel(count: count)
    case .int16:
      try node.expectSymmetric(try node.affineInputOrZero(0), try node.affineOutput())
      return try Quantized<Int16>(node, alpha).kernel(count: count)
    case let other:
      throw .unsupported("\(other) input; float32, int8, uint8 and int16 are supported")
    }
  }

  private struct Function: UnaryElementFunction {
    let alpha: Float
    @inline(__always) func apply(_ x: Float) -> Float { x > 0 ? x : x * alpha }
  }

  private struct Quantized<T: FixedWidthInteger & BitwiseCopyable & Sendable>: UnaryElementFunction {
    let inputZeroPoint: Int32
    let outputZeroPoint: Int32
    let identity: QuantizedMultiplier
    let slope: QuantizedMultiplier
    let isNegative: Bool

    init(_ node: NodeContext, _ alpha: Float) throws(OperatorError) {
      guard alpha.isFinite else { throw .malformed("alpha is \(alpha)") }
      let input = try node.affineInputOrZero(0)
      let output = try node.affineOutput()
      inputZeroPoint = input.zeroPoint
      outputZeroPoint = output.zeroPoint
      identity = QuantizedMultiplier(Double(input.scale / output.scale))
      slope = QuantizedMultiplier(Double(abs(input.scale * alpha / output.scale)))
      isNegative = alpha < 0
    }

    @inline(__always) func apply(_ x: T) -> T {
      let value = Int32(truncatingIfNeeded: x) &- inputZeroPoint
      let scaled: Int32
      if value >= 0 {
        scaled = identity.apply(value)
      } else {
        let magnitude = slope.apply(value)
        scaled = isNegative ? 0 &- magnitude : magnitude
      }
      return T(clamping: scaled &+ outputZeroPoint)
    }
  }
}
