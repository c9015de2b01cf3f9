public import TensorTypes

/// `SIGN`: 1 for positive elements, -1 for negative ones, 0 for both zeros; NaN stays. Any shape; `float32`, `float64` or `int32`.
public struct Sign: Operator {
  public static let definition = OperatorDefinition(.sign, versions: 1...2, options: 123)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([0]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] { try node.unaryShape() }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let type = try node.input(0)
    let count = type.shape.elementCount
    switch type.element {
    case .float32: return Function<Float>().kernel(count: count)
    case .float64: return Function<Double>().kernel(count: count)
    case .int32: return Function<Int32>().kernel(count: count)
    case let other: throw .unsupported("\(other) input; float32, float64 and int32 are supported")
    }
  }

  private struct Function<T: SignedNumeric & Comparable & BitwiseCopyable & Sendable>: UnaryElementFunction {
    // Only NaN is neither above, below nor equal to 0.
    @inline(__always) func apply(_ x: T) -> T { x > 0 ? 1 : x < 0 ? -1 : x == 0 ? 0 : x }
  }
}
