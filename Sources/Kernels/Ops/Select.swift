public import TensorTypes

/// `SELECT`: elements of input 1 where the condition (input 0, `bool`) holds, of input 2 elsewhere.
///
/// Inputs 1 and 2 have one shape and one element type, any of at least 8 bits. The condition has their shape, or is a scalar, or a vector
/// that chooses along the first dimension.
public struct Select: Operator {
  public static let definition = OperatorDefinition(.select, versions: 1...4, options: 47)

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
    let condition = try node.input(0).shape
    let choice = try node.input(1).shape
    let other = try node.input(2).shape
    if try Selection.scalarShape(node) != nil { return try Broadcast(condition, choice, other) }
    guard choice == other else { throw .malformed("inputs 1 and 2 have the shapes \(choice) and \(other)") }
    if condition == choice || condition.rank == 0 { return try Broadcast(condition, choice, other) }
    // A vector chooses along the first dimension, not the last.
    guard condition.rank == 1, choice.rank >= 1, condition[0] == choice[0],
      let column = Shape([condition[0]] + [Int](repeating: 1, count: choice.rank - 1))
    else {
      throw .malformed(
        "the condition has the shape \(condition); it must be a scalar, a vector of \(choice.rank > 0 ? choice[0] : 1), or \(choice)"
      )
    }
    return try Broadcast(column, choice, other)
  }
}
