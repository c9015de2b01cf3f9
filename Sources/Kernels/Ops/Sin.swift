public import TensorTypes

/// `SIN`: the sine, element by element.
///
/// Any shape. `float32`, `float16` and `bfloat16`, computed in `float32`.
public struct Sin: Operator {
  public static let definition = OperatorDefinition(.sin, versions: 1...2)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([0]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.unaryShape()
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let type = try node.input(0)
    guard let kernel = FloatFunction.sine.kernel(type) else {
      throw .unsupported("\(type.element) input; float32, float16 and bfloat16 are supported")
    }
    return kernel
  }
}
