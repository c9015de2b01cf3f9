internal import Glibc
public import TensorTypes

/// `FLOOR_MOD`: the remainder with the sign of the divisor, element by element, broadcast against each other.
///
/// `float32` (a zero divisor gives NaN), `int8`, `int16`, `int32` and `int64`, whose divisor must not contain zero. The smallest `int32` or `int64` divided by -1 is
/// an error, as its quotient does not exist.
public struct FloorMod: Operator {
  public static let definition = OperatorDefinition(.floorMod, versions: 1...2, options: 72)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([0, 1]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    [try node.binaryBroadcast().shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let broadcast = try node.binaryBroadcast()
    switch try node.input(0).element {
    case .float32: return RealRemainder().kernel(broadcast, grain: 1024)
    case .int8: return Remainder<Int8>().kernel(broadcast).checkingDivisor(Int8.self)
    case .int16: return Remainder<Int16>().kernel(broadcast).checkingDivisor(Int16.self)
    case .int32: return Remainder<Int32>().kernel(broadcast).checkingQuotient(Int32.self, broadcast)
    case .int64: return Remainder<Int64>().kernel(broadcast).checkingQuotient(Int64.self, broadcast)
    case let other: throw .unsupported("\(other) inputs; float32, int8, int16, int32 and int64 are supported")
    }
  }

  private struct RealRemainder: BinaryElementFunction {
    @inline(__always) func apply(_ a: Float, _ b: Float) -> Float {
      let remainder = fmodf(a, b)
      return remainder != 0 && (b < 0) != (remainder < 0) ? remainder + b : remainder
    }
  }

  private struct Remainder<T: FixedWidthInteger & BitwiseCopyable & Sendable>: BinaryElementFunction {
    @inline(__always) func apply(_ a: T, _ b: T) -> T {
      let remainder = a.remainderReportingOverflow(dividingBy: b).partialValue
      return remainder != 0 && (b < 0) != (remainder < 0) ? remainder &+ b : remainder
    }
  }
}
