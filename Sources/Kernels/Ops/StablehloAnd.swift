public import TensorTypes

/// `STABLEHLO_AND`: the bits that two tensors' elements have in common.
///
/// Inputs and output have one shape and element type: `bool`, or integers of 8 to 64 bits. Quantised operands are taken
/// as plain integers.
public struct StablehloAnd: Operator {
  public static let definition = OperatorDefinition(.stablehloAnd, versions: 1...1)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([0, 1]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    [try node.binaryOfOneShape().shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    try ConjunctionCombination.stablehloKernel(node, takesReals: false)
  }
}
