internal import Glibc
public import TensorTypes

/// `POW`: input 0 to the power of input 1, element by element, broadcast against each other.
///
/// `float32`, or `int32` with exponents that are not negative; results beyond the range become `Int32.min`.
public struct Pow: Operator {
  public static let definition = OperatorDefinition(.pow, versions: 1...1, options: 56)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([0, 1]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    [try node.binaryBroadcast().shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let broadcast = try node.binaryBroadcast()
    switch try node.input(0).element {
    case .float32: return RealPower().kernel(broadcast, grain: 1024)
    case .int32:
      let kernel = IntegerPower().kernel(broadcast, grain: 1024)
      return Kernel { io throws(OperatorError) in
        let exponents = io.input(1, as: Int32.self)
        for i in exponents.indices where exponents[i] < 0 {
          throw .invalidValue("the exponent \(exponents[i]); integer powers must not be negative")
        }
        try kernel.invoke(io)
      }
    case let other: throw .unsupported("\(other) inputs; float32 and int32 are supported")
    }
  }

  private struct RealPower: BinaryElementFunction {
    @inline(__always) func apply(_ a: Float, _ b: Float) -> Float { powf(a, b) }
  }

  private struct IntegerPower: BinaryElementFunction {
    @inline(__always) func apply(_ a: Int32, _ b: Int32) -> Int32 {
      Int32(machineTruncating: pow(Double(a), Double(b)))
    }
  }
}
