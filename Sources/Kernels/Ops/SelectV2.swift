public import TensorTypes

/// `SELECT_V2`: elements of input 1 where the condition (input 0, `bool`) holds, of input 2 elsewhere; all three broadcast against each other.
///
/// Inputs 1 and 2 and the output have one element type, any of at least 8 bits.
public struct SelectV2: Operator {
  public static let definition = OperatorDefinition(.selectV2, versions: 1...2, options: 98)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([1, 2]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try Selection.check(node)
    if let shape = try Selection.scalarShape(node) { return [shape] }
    return [try broadcast(node).shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    try Selection(broadcast: broadcast(node)).kernel(try node.input(1).element)
  }

  private func broadcast(_ node: NodeContext) throws(OperatorError) -> Broadcast {
    try Broadcast(node.input(0).shape, node.input(1).shape, node.input(2).shape)
  }
}
