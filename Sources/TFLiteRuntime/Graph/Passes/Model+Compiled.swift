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

extension Model {
  /// A subgraph in which the composites that `replaces` names, also those inside others, are replaced by their decompositions. Nothing else is
  /// changed.
  package func inliningComposites(of subgraph: Int, where replaces: (Node) -> Bool) throws(ModelError) -> Graph {
    try withoutActuallyEscaping(replaces) { replaces throws(ModelError) in
      try InlineComposites(subgraphs: subgraphs, limits: limits, operators: operators, replaces: replaces)(
        subgraphs[subgraph])
    }
  }
}
