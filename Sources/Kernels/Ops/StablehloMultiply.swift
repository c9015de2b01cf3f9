public import TensorTypes

/// `STABLEHLO_MULTIPLY`: the products of two tensors' elements; integers wrap, `bool` is true where both are.
///
/// Inputs and output have one shape and element type: `bool`, integers of 8 to 64 bits, `float16`, `float32` or `float64`. Quantised operands are taken
/// as plain integers.
public struct StablehloMultiply: Operator {
  public static let definition = OperatorDefinition(.stablehloMultiply, versions: 1...1)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([0, 1]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    [try node.binaryOfOneShape().shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    try ProductCombination.stablehloKernel(node)
  }
}
