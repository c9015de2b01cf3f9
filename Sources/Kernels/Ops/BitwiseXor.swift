public import TensorTypes

/// `BITWISE_XOR`: the bits in which two tensors' elements differ, broadcast against each other.
///
/// Inputs and output have one element type: `int8`, `uint8`, `int16`, `uint16`, `int32` or `uint32`.
public struct BitwiseXor: Operator {
  public static let definition = OperatorDefinition(.bitwiseXor, versions: 1...1, options: 125)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([0, 1]) }

  public func outputElements(_ inputs: [TensorType?]) -> [ElementType]? {
    inputs.first.flatMap { $0 }.map { [$0.element] }
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    [try node.binaryBroadcast().shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let broadcast = try node.binaryBroadcast()
    switch try node.input(0).element {
    case .int8, .uint8: return Difference<UInt8>().kernel(broadcast)
    case .int16, .uint16: return Difference<UInt16>().kernel(broadcast)
    case .int32, .uint32: return Difference<UInt32>().kernel(broadcast)
    case let other:
      throw .unsupported("\(other) inputs; int8, uint8, int16, uint16, int32 and uint32 are supported")
    }
  }

  private struct Difference<T: FixedWidthInteger & BitwiseCopyable & Sendable>: BinaryElementFunction {
    @inline(__always) func apply(_ a: T, _ b: T) -> T { a ^ b }
  }
}
