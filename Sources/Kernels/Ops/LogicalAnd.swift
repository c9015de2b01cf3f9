public import TensorTypes

/// `LOGICAL_AND`: `a and b` of two `bool` tensors, element by element, broadcast against each other.
public struct LogicalAnd: Operator {
  public static let definition = OperatorDefinition(.logicalAnd, versions: 1...1, options: 62)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([0, 1]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    let broadcast = try node.binaryBroadcast()
    guard try node.input(0).element == .bool else {
      throw .unsupported("\(try node.input(0).element) inputs; bool is supported")
    }
    return [broadcast.shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    Function().kernel(try node.binaryBroadcast())
  }

  /// Any byte but 0 counts as true.
  private struct Function: BinaryElementFunction {
    @inline(__always) func apply(_ a: UInt8, _ b: UInt8) -> UInt8 { (a == 0 ? 0 : 1) & (b == 0 ? 0 : 1) }
  }
}
