public import TensorTypes

/// `RIGHT_SHIFT`: the elements of input 0 shifted right by those of input 1, broadcast against each other. Signed numbers keep their sign.
/// Negative distances count as 0, distances beyond the elements' width as one bit less than the width.
///
/// Inputs and output have one element type: `int8`, `uint8`, `int16`, `uint16`, `int32` or `uint32`.
public struct RightShift: Operator {
  public static let definition = OperatorDefinition(.rightShift, versions: 1...1, options: 126)

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
    case .int8: return Shift<Int8>().kernel(broadcast)
    case .uint8: return Shift<UInt8>().kernel(broadcast)
    case .int16: return Shift<Int16>().kernel(broadcast)
    case .uint16: return Shift<UInt16>().kernel(broadcast)
    case .int32: return Shift<Int32>().kernel(broadcast)
    case .uint32: return Shift<UInt32>().kernel(broadcast)
    case let other:
      throw .unsupported("\(other) inputs; int8, uint8, int16, uint16, int32 and uint32 are supported")
    }
  }

  private struct Shift<T: FixedWidthInteger & BitwiseCopyable & Sendable>: BinaryElementFunction {
    @inline(__always) func apply(_ a: T, _ b: T) -> T {
      a &>> clamped(b, 0, T(truncatingIfNeeded: T.bitWidth - 1))
    }
  }
}
