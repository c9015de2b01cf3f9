public import TensorTypes

/// `MINIMUM`: the smaller of two tensors' elements, broadcast against each other. Where a comparison with NaN decides, the element of
/// input 1 is taken.
///
/// Inputs and output have one element type: `float32`, `float16`, `bfloat16`, `int8`, `uint8`, `int16`, `int32` or `int64`.
/// Quantised operands are expected to share scale and zero point.
public struct Minimum: Operator {
  public static let definition = OperatorDefinition(.minimum, versions: 1...4, options: 39)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([0, 1]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    [try node.binaryBroadcast().shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let broadcast = try node.binaryBroadcast()
    switch try node.input(0).element {
    case .float32: return FloatArithmetic.minimum.kernel(broadcast)
    case .float16: return ShortChoice<HalfBits>().kernel(broadcast)
    case .bfloat16: return ShortChoice<BFloat16>().kernel(broadcast)
    case .int8: return Choice<Int8>().kernel(broadcast)
    case .uint8: return Choice<UInt8>().kernel(broadcast)
    case .int16: return Choice<Int16>().kernel(broadcast)
    case .int32: return Choice<Int32>().kernel(broadcast)
    case .int64: return Choice<Int64>().kernel(broadcast)
    case let other:
      throw .unsupported(
        "\(other) inputs; float32, float16, bfloat16, int8, uint8, int16, int32 and int64 are supported")
    }
  }

  private struct Choice<T: Comparable & BitwiseCopyable & Sendable>: BinaryElementFunction {
    @inline(__always) func apply(_ a: T, _ b: T) -> T { a < b ? a : b }
  }

  private struct ShortChoice<T: ShortReal>: BinaryElementFunction {
    @inline(__always) func apply(_ a: T, _ b: T) -> T { a.real < b.real ? a : b }
  }
}
