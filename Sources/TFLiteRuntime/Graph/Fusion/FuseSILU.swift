internal import Kernels

/// `MUL(x, LOGISTIC(x))`: SILU, also called swish.
struct FuseSILU: FusionPass {
  func match(_ position: Int, _ graph: inout FusionGraph) -> Bool {
    guard let product = graph.operation(position, Mul.self), product.activation == .none,
      let output = graph.output(position), graph.isFloat(output)
    else { return false }
    for (x, gate) in graph.operands(position) {
      guard let logistic = graph.producer(gate, Logistic.self), graph.input(logistic, 0) == x,
        graph.shape(x) == graph.shape(output), graph.isFloat(x)
      else { continue }
      let chain = ElementwiseChain(stages: [.silu], shape: graph.shape(output), sharesInput: true)
      if graph.replace(position, and: [logistic], by: chain, inputs: [x], name: "SILU") { return true }
    }
    return false
  }
}
