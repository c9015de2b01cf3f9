internal import Glibc
public import TensorTypes

/// `ATAN2`: the angle in radians, from -π to π, of the point whose ordinate is input 0 and whose abscissa is input 1.
///
/// Both inputs and the output have one shape and element type: `float32`, `float64`, `float16` or `bfloat16`.
public struct Atan2: Operator {
  public static let definition = OperatorDefinition(.atan2, versions: 1...1, options: 122)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([0, 1]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    [try node.binaryOfOneShape().shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let broadcast = try node.binaryOfOneShape()
    let grain = 1024
    switch try node.input(0).element {
    case .float32: return Angle().kernel(broadcast, grain: grain)
    case .float64: return WideAngle().kernel(broadcast, grain: grain)
    case .float16: return HalfAngle().kernel(broadcast, grain: grain)
    case .bfloat16: return ShortAngle().kernel(broadcast, grain: grain)
    case let other:
      throw .unsupported("\(other) inputs; float32, float64, float16 and bfloat16 are supported")
    }
  }

  private struct Angle: BinaryElementFunction {
    @inline(__always) func apply(_ y: Float, _ x: Float) -> Float { atan2f(y, x) }
  }

  private struct WideAngle: BinaryElementFunction {
    @inline(__always) func apply(_ y: Double, _ x: Double) -> Double { atan2(y, x) }
  }

  private struct HalfAngle: BinaryElementFunction {
    @inline(__always) func apply(_ y: Float16, _ x: Float16) -> Float16 { Float16(atan2f(Float(y), Float(x))) }
  }

  private struct ShortAngle: BinaryElementFunction {
    @inline(__always) func apply(_ y: BFloat16, _ x: BFloat16) -> BFloat16 { BFloat16(atan2f(Float(y), Float(x))) }
  }
}
