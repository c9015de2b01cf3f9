package import TensorTypes

/// An operator that runs other subgraphs of the model.
///
/// The runtime calls ``Operator/infer(_:)`` only to have the operands checked, and never ``Operator/prepare(_:)``.
package protocol SubgraphOperator: Operator {
  /// The subgraphs that it may run.
  var subgraphs: [Int] { get }

  /// The shapes of the outputs where they are the same whatever the operands' values; nil where they depend on those.
  ///
  /// - Parameter callees: one for each of ``subgraphs``.
  func staticShapes(_ inputs: [TensorType?], _ callees: [any Callee]) throws(OperatorError) -> [Shape]?

  /// Runs the subgraphs and answers the outputs, which are read before any callee runs again.
  func run(
    _ inputs: [SubgraphValue], _ callees: [any Callee], _ context: ExecutionContext
  ) throws(OperatorError) -> [SubgraphValue]
}

extension SubgraphOperator {
  public var isPure: Bool { false }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    throw .unsupported("the operator runs subgraphs, which only an interpreter can do")
  }
}

/// A tensor on its way into or out of a subgraph.
package struct SubgraphValue {
  package var type: TensorType
  package var slot: OperandSlot

  package init(type: TensorType, slot: OperandSlot) {
    self.type = type
    self.slot = slot
  }
}

/// A subgraph that an operator runs.
package protocol Callee: AnyObject {
  /// The outputs' shapes for inputs of these shapes; nil where they depend on values.
  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape]?

  /// Runs the subgraph. The values that it answers are there until it runs again.
  func run(_ inputs: [SubgraphValue]) throws(OperatorError) -> [SubgraphValue]
}

extension SubgraphValue {
  /// The value of a condition.
  func condition() throws(OperatorError) -> Bool {
    guard type.element == .bool, slot.byteCount >= 1, type.shape.elementCount == 1 else {
      throw .malformed("the condition must be one bool, not \(type)")
    }
    return unsafe slot.address.loadUnaligned(as: UInt8.self) != 0
  }
}
