extension ModelBuilder {
  /// Custom operators one after the other, from `x` to `y` over `t0`, `t1`, …, all of `float32[1, 2]`.
  ///
  /// - Parameter hasBatches: whether the first dimension is open.
  package static func chain(_ operators: [String], hasBatches: Bool = false) -> ModelBuilder {
    var model = ModelBuilder()
    var codes: [String: UInt32] = [:]
    var graph = Subgraph()
    var last = graph.tensor([1, 2], name: "x", hasBatches ? [7: .int32s([-1, 2])] : [:])
    graph.inputs = [last]
    for (index, name) in operators.enumerated() {
      let code = codes[name] ?? model.code(32, custom: name)
      codes[name] = code
      let next = graph.tensor([1, 2], name: index == operators.count - 1 ? "y" : "t\(index)")
      graph.node(code, [last], [next])
      last = next
    }
    graph.outputs = [last]
    model.subgraphs = [graph]
    return model
  }

  /// Which of two lists of strings are the same, and the first list.
  package static func sameStrings() -> ModelBuilder {
    var model = ModelBuilder()
    let equal = model.code(71, version: 3)
    var graph = Subgraph()
    let a = graph.tensor([1], type: 5, name: "a", [7: .int32s([-1])])
    let b = graph.tensor([1], type: 5, name: "b", [7: .int32s([-1])])
    let same = graph.tensor([1], type: 6, name: "same", [7: .int32s([-1])])
    graph.node(equal, [a, b], [same])
    graph.inputs = [a, b]
    graph.outputs = [same, a]
    model.subgraphs = [graph]
    return model
  }
}
