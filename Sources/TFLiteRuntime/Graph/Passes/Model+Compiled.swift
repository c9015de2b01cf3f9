extension Model {
  /// A subgraph after the graph passes, made once for all interpreters with the same passes.
  func compiledGraph(_ index: Int, compiler: GraphCompiler) throws(ModelError) -> Graph {
    try compiledGraphs.graph(index, compiler: compiler) { () throws(ModelError) in
      var subgraphs = subgraphs
      // A signature may answer with tensors that are computed on the way: they are kept as outputs are.
      for signature in signatures where signature.subgraph == index {
        for output in signature.outputs where !subgraphs[index].outputs.contains(output.tensor) {
          subgraphs[index].outputs.append(output.tensor)
        }
      }
      return try compiler.compile(index, of: subgraphs, limits: limits, operators: operators)
    }
  }
}
