public import TensorTypes

/// `PADV2`: borders of one value (input 2) around a tensor.
///
/// Input 1 has shape `[rank, 2]`, `int32` or `int64`: elements before and after each dimension. Elements of one to eight bytes; up to
/// eight dimensions. A quantised padding value has the output's scale and zero point.
public struct PadV2: Operator {
  public static let definition = OperatorDefinition(.padv2, versions: 1...6, options: 43)

  public init(options: OperatorOptions) {}

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try ConstantPadding(node: node).infer(inputs: 3)
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel { try ConstantPadding(node: node).prepare() }
}
