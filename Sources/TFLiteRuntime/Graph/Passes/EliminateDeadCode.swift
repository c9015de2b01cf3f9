internal import Kernels

/// Leaves out operators whose outputs nobody reads. Operators that are not pure, or that touch variables, stay.
struct EliminateDeadCode {
  func callAsFunction(_ graph: Graph) -> Graph {
    var isRead = [Bool](repeating: false, count: graph.tensors.count)
    for id in graph.outputs { isRead[id.index] = true }
    var kept: [Node] = []
    for node in graph.nodes.reversed() {
      let isPure: Bool
      switch node.implementation {
      case .success(let operation): isPure = operation.isPure
      // An operator without an implementation must be reported, not dropped.
      case .failure: isPure = false
      }
      let touchesVariable = node.inputs.contains { $0.map { graph[$0].isVariable } ?? false }
      guard !isPure || touchesVariable || node.outputs.contains(where: { isRead[$0.index] }) else { continue }
      for case let id? in node.inputs { isRead[id.index] = true }
      kept.append(node)
    }
    var result = graph
    result.nodes = kept.reversed()
    return result
  }
}
