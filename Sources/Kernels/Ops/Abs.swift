public import TensorTypes

/// `ABS`: the absolute value, element by element.
///
/// Any shape. `float32`, `float16`, `bfloat16`; `int16`, `int32` and `int64`, whose smallest number stays itself; and, with one scale and zero
/// point each for input and output, `int8` and `int16` (zero points 0).
public struct Abs: Operator {
  public static let definition = OperatorDefinition(.abs, versions: 1...5, options: 78)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([0]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.unaryShape()
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let type = try node.input(0)
    let count = type.shape.elementCount
    switch type.element {
    case .float32: return ClearedSign<UInt32>().kernel(count: count)
    case .float16, .bfloat16: return ClearedSign<UInt16>().kernel(count: count)
    case .int32: return Magnitude<Int32>().kernel(count: count)
    case .int64: return Magnitude<Int64>().kernel(count: count)
    case .int16 where type.quantization == .none: return Magnitude<Int16>().kernel(count: count)
    case .int16:
      let function = try QuantizedMagnitude<Int16>(node)
      try node.expectSymmetric(function.input, function.output)
      return function.kernel(count: count)
    case .int8:
      let function = try QuantizedMagnitude<Int8>(node)
      return ByteLookup(Int8.self) { function.apply($0) }.kernel(count: count)
    case let other:
      throw .unsupported(
        "\(other) input; float32, float16, bfloat16, int8, int16, int32 and int64 are supported")
    }
  }

  private struct ClearedSign<T: FixedWidthInteger & BitwiseCopyable & Sendable>: UnaryElementFunction {
    @inline(__always) func apply(_ x: T) -> T { x & ~(1 << (T.bitWidth - 1)) }
  }

  private struct Magnitude<T: FixedWidthInteger & BitwiseCopyable & Sendable>: UnaryElementFunction {
    @inline(__always) func apply(_ x: T) -> T { x < 0 ? 0 &- x : x }
  }

  private struct QuantizedMagnitude<T: FixedWidthInteger & BitwiseCopyable & Sendable>: UnaryElementFunction {
    let input: AffineParameters
    let output: AffineParameters
    let multiplier: QuantizedMultiplier

    init(_ node: NodeContext) throws(OperatorError) {
      input = try node.affineInput(0)
      output = try node.affineOutput()
      multiplier = QuantizedMultiplier(Double(input.scale / output.scale))
    }

    @inline(__always) func apply(_ x: T) -> T {
      let value = Int32(truncatingIfNeeded: x) &- input.zeroPoint
      let magnitude = value < 0 ? 0 &- value : value
      let scaled = input.scale == output.scale ? magnitude : multiplier.apply(magnitude)
      return T(clamping: scaled &+ output.zeroPoint)
    }
  }
}
