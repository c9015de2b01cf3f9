public import TFLiteRuntime

extension AcceleratorAssessment {
  /// Where each operator goes and why not to the accelerator, without running anything. Operators and partitions stand as the accelerator's
  /// compiler sees them; a partition's operators are positions in its subgraph of this assessment.
  public var placement: Placement {
    var placement = Placement()
    for graph in subgraphs {
      placement.operators += graph.operators.map { verdict in
        Placement.Entry(
          origin: verdict.origin, name: verdict.name, version: verdict.version,
          delegate: verdict.isAccepted ? "accelerator" : Placement.builtin, reason: verdict.refusal ?? "")
      }
      placement.partitions += graph.partitions.map { partition in
        Placement.Partition(
          subgraph: graph.index, delegate: "accelerator", operators: partition.operators,
          inputBytes: partition.inputBytes, outputBytes: partition.outputBytes)
      }
    }
    return placement
  }
}
