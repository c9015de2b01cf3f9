internal import Kernels
internal import TensorTypes

/// Checks that the operators of a subgraph can run in the order they are stored.
enum GraphVerifier {
  private enum State {
    case empty, input, constant, variable
    case computed(by: Int)
  }

  /// Checks `graph`, and gives tensors without elements that nothing computes an empty constant as their value.
  static func verify(_ graph: inout Graph, subgraph: Int) throws(ModelError) {
    var states = graph.tensors.map { tensor -> State in
      if tensor.constant != nil { return .constant }
      return tensor.isVariable ? .variable : .empty
    }
    func location(tensor: TensorID? = nil, node: Int? = nil) -> ModelError.Location {
      ModelError.Location(
        subgraph: subgraph, operatorIndex: node, operatorName: node.map { graph.nodes[$0].name }, tensor: tensor?.index,
        tensorName: tensor.map { graph[$0].name })
    }

    for input in graph.inputs {
      switch states[input.index] {
      case .constant:
        throw ModelError(.malformed, "an input of the subgraph has a constant value", at: location(tensor: input))
      case .input:
        throw ModelError(.malformed, "the tensor is twice an input of the subgraph", at: location(tensor: input))
      case .empty, .variable, .computed: states[input.index] = .input
      }
    }
    try fillEmptyTensors(&graph, &states, subgraph: subgraph)
    for (index, node) in graph.nodes.enumerated() {
      for case let input? in node.inputs {
        guard case .empty = states[input.index] else { continue }
        let producer = graph.nodes[index...].firstIndex { $0.outputs.contains(input) }
        throw ModelError(
          .malformed,
          producer.map { "the operator reads a tensor that operator \($0) computes" + ($0 == index ? "" : " later") }
            ?? "the operator reads a tensor that is not an input, not constant and not computed by any operator",
          at: location(tensor: input, node: index))
      }
      for output in node.outputs {
        switch states[output.index] {
        case .empty, .variable: states[output.index] = .computed(by: index)
        case .input:
          throw ModelError(
            .malformed, "the operator writes an input of the subgraph", at: location(tensor: output, node: index))
        case .constant:
          throw ModelError(
            .malformed, "the operator writes a constant", at: location(tensor: output, node: index))
        case .computed(let other):
          throw ModelError(
            .malformed, "the operator writes a tensor that operator \(other) computes",
            at: location(tensor: output, node: index))
        }
      }
    }
    for output in graph.outputs {
      guard case .empty = states[output.index] else { continue }
      throw ModelError(
        .malformed, "nothing computes this output of the subgraph", at: location(tensor: output))
    }
  }

  private static func fillEmptyTensors(_ graph: inout Graph, _ states: inout [State], subgraph: Int) throws(ModelError)
  {
    let candidates = graph.tensors.indices.filter { index in
      guard case .empty = states[index] else { return false }
      return graph.tensors[index].type.shape.elementCount == 0
    }
    guard !candidates.isEmpty else { return }
    var computed = Set<Int>()
    for node in graph.nodes { computed.formUnion(node.outputs.lazy.map(\.index)) }
    for index in candidates where !computed.contains(index) {
      let location = ModelError.Location(
        subgraph: subgraph, tensor: index, tensorName: graph.tensors[index].name)
      graph.tensors[index].constant =
        graph.tensors[index].type.element == .string
        ? try ConstantReader.emptyStrings(at: location) : try ConstantReader.empty(at: location)
      states[index] = .constant
    }
  }
}
