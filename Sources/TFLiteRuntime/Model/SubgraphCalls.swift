internal import Kernels
internal import TensorTypes

/// Operators that run other subgraphs: which ones, whether they exist and fit, and that none ever calls itself.
enum SubgraphCalls {
  /// Where an operator's options name subgraphs.
  struct References {
    /// The members of the two options unions.
    let members: (options: UInt8?, options2: UInt8?)
    /// Slots with one index each.
    var slots: [Int] = []
    /// A slot with a list of indices.
    var list: Int?
  }

  /// Where an operator's options name subgraphs; nil for operators that run none.
  static func references(_ builtin: BuiltinOperator) -> References? {
    switch builtin {
    case .call: References(members: (16, nil), slots: [0])
    case .if: References(members: (92, nil), slots: [0, 1])
    case .while: References(members: (93, nil), slots: [0, 1])
    case .callOnce: References(members: (103, nil), slots: [0])
    case .stablehloCustomCall: References(members: (nil, 5), list: 4)
    case .stablehloReduce: References(members: (nil, 6), slots: [1])
    case .stablehloScatter: References(members: (nil, 7), slots: [6])
    case .stablehloReduceWindow: References(members: (nil, 13), slots: [5])
    case .stablehloSort: References(members: (nil, 14), slots: [2])
    case .stablehloWhile: References(members: (nil, 15), slots: [0, 1])
    case .stablehloComposite: References(members: (nil, 21), slots: [1])
    case .stablehloCase: References(members: (nil, 23), list: 0)
    default: nil
    }
  }

  /// Checks the calls of all subgraphs.
  static func check(_ graphs: [Graph], limits: Limits) throws(ModelError) {
    var callees: [[Int]] = []
    callees.reserveCapacity(graphs.count)
    for (index, graph) in graphs.enumerated() {
      var called = Set<Int>()
      for node in graph.nodes {
        for subgraph in try calls(of: node, in: graphs) where called.insert(subgraph).inserted {
          guard subgraph != index else {
            throw ModelError(.malformed, "the operator calls the subgraph that it is in", at: location(node))
          }
        }
      }
      callees.append(called.sorted())
    }
    try checkRecursion(callees, limits: limits)
  }

  /// Tells operators that take their computation from a subgraph's operators which ones those are.
  static func addBodies(_ graphs: inout [Graph]) throws(ModelError) {
    var bodies: [(graph: Int, node: Int, subgraphs: [Int])] = []
    for (index, graph) in graphs.enumerated() {
      for (position, node) in graph.nodes.enumerated() {
        switch node.identity {
        case .builtin(.stablehloScatter), .builtin(.stablehloReduceWindow):
          bodies.append((index, position, try calls(of: node, in: graphs)))
        default: break
        }
      }
    }
    // Nodes that name the same subgraph share its list.
    var operators: [Int: [OperatorDefinition.Identity]] = [:]
    for (_, _, subgraphs) in bodies {
      for subgraph in subgraphs where operators[subgraph] == nil {
        operators[subgraph] = graphs[subgraph].nodes.map(\.identity)
      }
    }
    for (graph, node, subgraphs) in bodies {
      graphs[graph].nodes[node].bodies = subgraphs.map { operators[$0] ?? [] }
    }
  }

  private static func location(_ node: Node) -> ModelError.Location {
    ModelError.Location(
      subgraph: node.origin.subgraph, operatorIndex: node.origin.index, operatorName: node.name)
  }

  /// The subgraphs that a node calls, checked to exist and to take its operands.
  static func calls(of node: Node, in graphs: [Graph]) throws(ModelError) -> [Int] {
    guard case .builtin(let builtin) = node.identity, let references = references(builtin) else { return [] }
    var indices: [Int32] = []
    do {
      for slot in references.slots { indices.append(try node.options.int32(slot)) }
      if let list = references.list { indices += try node.options.int32s(list) }
    } catch {
      throw ModelError(error, at: location(node))
    }
    var result: [Int] = []
    for index in indices {
      guard index >= 0, index < graphs.count else {
        throw ModelError(
          .malformed, "the operator calls subgraph \(index); the model has \(graphs.count)", at: location(node))
      }
      result.append(Int(index))
    }
    for (position, index) in result.enumerated() {
      try checkOperands(of: node, builtin, position: position, callee: graphs[index], index: index)
    }
    return result
  }

  private static func checkOperands(
    of node: Node, _ builtin: BuiltinOperator, position: Int, callee: Graph, index: Int
  ) throws(ModelError) {
    let inputs: Int
    let outputs: Int
    switch builtin {
    case .if, .stablehloCase: (inputs, outputs) = (node.inputs.count - 1, node.outputs.count)
    case .while, .stablehloWhile: (inputs, outputs) = (node.inputs.count, position == 0 ? 1 : node.outputs.count)
    case .callOnce: (inputs, outputs) = (0, 0)
    case .call, .stablehloComposite: (inputs, outputs) = (node.inputs.count, node.outputs.count)
    default: return
    }
    guard callee.inputs.count == inputs, callee.outputs.count == outputs else {
      throw ModelError(
        .malformed,
        "the operator gives subgraph \(index) \(inputs) inputs and takes \(outputs) outputs; it has "
          + "\(callee.inputs.count) and \(callee.outputs.count)", at: location(node))
    }
  }

  /// Walks every subgraph once, without recursion of our own.
  private static func checkRecursion(_ callees: [[Int]], limits: Limits) throws(ModelError) {
    // 0: not visited; -1: on the path; otherwise how many subgraphs deep the calls from here go.
    var depths = [Int](repeating: 0, count: callees.count)
    for root in callees.indices where depths[root] == 0 {
      var path: [(subgraph: Int, next: Int, depth: Int)] = [(root, 0, 1)]
      depths[root] = -1
      while let (subgraph, next, depth) = path.last {
        guard next < callees[subgraph].count else {
          path.removeLast()
          depths[subgraph] = depth
          guard depth <= limits.recursionDepth else {
            throw ModelError(
              .limitExceeded, "subgraphs call one another more than \(limits.recursionDepth) deep",
              at: ModelError.Location(subgraph: subgraph))
          }
          if let last = path.indices.last { path[last].depth = max(path[last].depth, depth + 1) }
          continue
        }
        let callee = callees[subgraph][next]
        path[path.count - 1].next += 1
        switch depths[callee] {
        case 0:
          depths[callee] = -1
          path.append((callee, 0, 1))
        case -1:
          throw ModelError(
            .malformed, "the subgraph calls subgraph \(callee), which calls it",
            at: ModelError.Location(subgraph: subgraph))
        case let known:
          path[path.count - 1].depth = max(depth, known + 1)
        }
      }
    }
  }
}
