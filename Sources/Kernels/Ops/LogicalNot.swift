public import TensorTypes

/// `LOGICAL_NOT`: the negation of a `bool` tensor, element by element. Any shape.
public struct LogicalNot: Operator {
  public static let definition = OperatorDefinition(.logicalNot, versions: 1...1, options: 63)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([0]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    let shapes = try node.unaryShape()
    guard try node.input(0).element == .bool else {
      throw .unsupported("\(try node.input(0).element) input; bool is supported")
    }
    return shapes
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    Function().kernel(count: try node.input(0).shape.elementCount)
  }

  /// Any byte but 0 counts as true.
  private struct Function: UnaryElementFunction {
    @inline(__always) func apply(_ x: UInt8) -> UInt8 { x == 0 ? 1 : 0 }
  }
}
