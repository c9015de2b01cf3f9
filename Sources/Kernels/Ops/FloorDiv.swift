internal import Glibc
public import TensorTypes

/// `FLOOR_DIV`: the quotient rounded down, element by element, broadcast against each other.
///
/// `float32`, `int8`, `int16` and `int32`; the divisor must not contain zero.
public struct FloorDiv: Operator {
  public static let definition = OperatorDefinition(.floorDiv, versions: 1...3, options: 65)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([0, 1]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    [try node.binaryBroadcast().shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let broadcast = try node.binaryBroadcast()
    switch try node.input(0).element {
    case .float32:
      let kernel = RealQuotient().kernel(broadcast)
      return Kernel { io throws(OperatorError) in
        let divisor = io.input(1, as: Float.self)
        for i in divisor.indices where divisor[i] == 0 { throw .invalidValue("division by zero") }
        try kernel.invoke(io)
      }
    case .int8: return Quotient<Int8>().kernel(broadcast).checkingDivisor(Int8.self)
    case .int16: return Quotient<Int16>().kernel(broadcast).checkingDivisor(Int16.self)
    case .int32: return Quotient<Int32>().kernel(broadcast).checkingDivisor(Int32.self)
    case let other: throw .unsupported("\(other) inputs; float32, int8, int16 and int32 are supported")
    }
  }

  private struct RealQuotient: BinaryElementFunction {
    @inline(__always) func apply(_ a: Float, _ b: Float) -> Float { Float(floor(Double(a) / Double(b))) }
  }

  private struct Quotient<T: FixedWidthInteger & BitwiseCopyable & Sendable>: BinaryElementFunction {
    @inline(__always) func apply(_ a: T, _ b: T) -> T {
      let (quotient, remainder) = (
        a.dividedReportingOverflow(by: b).partialValue, a.remainderReportingOverflow(dividingBy: b).partialValue
      )
      return remainder != 0 && (remainder < 0) != (b < 0) ? quotient &- 1 : quotient
    }
  }
}
