public import TensorTypes

/// `PAD`: borders of zeros (of the zero point, when quantised) around a tensor.
///
/// Input 1 has shape `[rank, 2]`, `int32` or `int64`: elements before and after each dimension. Elements of one to eight bytes; up to
/// eight dimensions.
public struct Pad: Operator {
  public static let definition = OperatorDefinition(.pad, versions: 1...6, options: 22)

  public init(options: OperatorOptions) {}

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try ConstantPadding(node: node).infer(inputs: 2)
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel { try ConstantPadding(node: node).prepare() }
}
