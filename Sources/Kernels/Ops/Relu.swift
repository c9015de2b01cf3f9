public import TensorTypes

/// `RELU`: `max(x, 0)`, element by element.
///
/// Any shape. `float32` and, with one scale and zero point each for input and output, `int8`, `uint8` and `int16` (zero point 0).
public struct Relu: Operator {
  public static let definition = OperatorDefinition(.relu, versions: 1...3)

  private static let activation = ClampingActivation(minimum: 0, maximum: .infinity, takesInt16: true)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([0]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try Self.activation.infer(node)
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    try Self.activation.prepare(node)
  }
}
