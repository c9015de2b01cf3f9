extension Model {
  /// A subgraph after the graph passes, made once for all interpreters with the same passes.
  func compiledGraph(_ index: Int, compiler: GraphCompiler) throws(ModelError) -> Graph {
    try compiledGraphs.graph(index, compiler: compiler) { () throws(ModelError) in
      try compiler.compile(index, of: subgraphs, limits: limits)
    }
  }
}
