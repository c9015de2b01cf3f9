public import TensorTypes

/// `RELU_0_TO_1`: `x` clamped to 0 … 1, element by element.
///
/// Any shape. `float32` and, with one scale and zero point each for input and output, `int8` and `uint8`.
public struct Relu0To1: Operator {
  public static let definition = OperatorDefinition(.relu0To1, versions: 1...1)

  private static let activation = ClampingActivation(minimum: 0, maximum: 1, takesInt16: false)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([0]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try Self.activation.infer(node)
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    try Self.activation.prepare(node)
  }
}
