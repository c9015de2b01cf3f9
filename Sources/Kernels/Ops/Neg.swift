public import TensorTypes

/// `NEG`: `-x`, element by element.
///
/// Any shape. `float32`, `float16`, `bfloat16`, `int8`, `int16`, `int32` and `int64`, whose smallest number stays itself. Quantised operands
/// are negated as integers.
public struct Neg: Operator {
  public static let definition = OperatorDefinition(.neg, versions: 1...1, options: 42)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([0]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.unaryShape()
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let type = try node.input(0)
    let count = type.shape.elementCount
    switch type.element {
    case .float32: return FlippedSign<UInt32>().kernel(count: count)
    case .float16, .bfloat16: return FlippedSign<UInt16>().kernel(count: count)
    case .int8: return Negative<Int8>().kernel(count: count)
    case .int16: return Negative<Int16>().kernel(count: count)
    case .int32: return Negative<Int32>().kernel(count: count)
    case .int64: return Negative<Int64>().kernel(count: count)
    case let other:
      throw .unsupported(
        "\(other) input; float32, float16, bfloat16, int8, int16, int32 and int64 are supported")
    }
  }

  private struct FlippedSign<T: FixedWidthInteger & BitwiseCopyable & Sendable>: UnaryElementFunction {
    @inline(__always) func apply(_ x: T) -> T { x ^ (1 << (T.bitWidth - 1)) }
  }

  private struct Negative<T: FixedWidthInteger & BitwiseCopyable & Sendable>: UnaryElementFunction {
    @inline(__always) func apply(_ x: T) -> T { 0 &- x }
  }
}
