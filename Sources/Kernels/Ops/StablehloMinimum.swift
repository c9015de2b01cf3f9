public import TensorTypes

/// `STABLEHLO_MINIMUM`: the smaller of two tensors' elements, the first where one is NaN.
///
/// Inputs and output have one shape and element type: `bool`, integers of 8 to 64 bits, `float16`, `float32` or `float64`. Quantised operands are taken
/// as plain integers.
public struct StablehloMinimum: Operator {
  public static let definition = OperatorDefinition(.stablehloMinimum, versions: 1...1)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([0, 1]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    [try node.binaryOfOneShape().shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    try MinimumCombination.stablehloKernel(node)
  }
}
