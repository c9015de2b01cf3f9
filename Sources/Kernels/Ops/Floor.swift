public import TensorTypes

/// `FLOOR`: the largest whole number not above `x`, element by element.
///
/// Any shape. `float32`, `float16` and `bfloat16`, computed in `float32`.
public struct Floor: Operator {
  public static let definition = OperatorDefinition(.floor, versions: 1...1)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([0]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.unaryShape()
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let type = try node.input(0)
    guard let kernel = FloatFunction.floor.kernel(type) else {
      throw .unsupported("\(type.element) input; float32, float16 and bfloat16 are supported")
    }
    return kernel
  }
}
