public import TensorTypes

/// `DENSIFY`: the dense form of a sparse constant. The runtime makes constants dense when it loads a model, so what is left is a copy. Elements of at least
/// eight bits.
public struct Densify: Operator {
  public static let definition = OperatorDefinition(.densify, versions: 1...1, options: 99)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .view(of: 0) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 1)
    try node.expectFixedWidth()
    try node.expectSameElement()
    return [try node.input(0).shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    Kernel { io throws(OperatorError) in
      unsafe io.outputBytes(0).copyMemory(from: io.inputBytes(0))
    }
  }
}
