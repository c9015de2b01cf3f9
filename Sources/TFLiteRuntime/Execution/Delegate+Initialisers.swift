package import Kernels
package import TensorTypes

// How regions are described to a delegate outside of an interpreter.

extension DelegateOperand {
  package init(tensor: TensorID, type: TensorType, constant: Constant?) {
    self.init(tensor: tensor, name: "", type: type, constant: constant)
  }
}

extension DelegateNode {
  package init(operation: any Operator, inputs: [DelegateOperand?], outputs: [DelegateOperand]) {
    let definition = type(of: operation).definition
    self.init(
      operation: operation, name: definition.name, version: definition.versions.upperBound,
      origin: Node.Origin(subgraph: 0, index: 0), inputs: inputs, outputs: outputs)
  }
}

extension DelegateRegion {
  /// A region of one node.
  package init(node: DelegateNode, threadPool: ThreadPool) {
    self.init(
      nodes: [node], inputs: node.inputs.compactMap { $0 }.filter { $0.constant == nil }, outputs: node.outputs,
      internals: [], threadPool: threadPool)
  }
}

extension RegionMemory {
  /// Memory at these addresses, without scratch.
  package init(_ places: [TensorID: OperandSlot], empty: OperandSlot) {
    self.init(slots: places, scratch: empty)
  }
}
