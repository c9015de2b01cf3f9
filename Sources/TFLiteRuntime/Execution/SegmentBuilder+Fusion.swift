internal import Kernels
internal import TensorTypes

/// What one step computes for several operators that run with the built-in kernels. Delegates and the placement know the operators as they are in
/// the model.
extension SegmentBuilder {
  /// Puts fused operators in the place of those that passes recognise, and prepares their kernels.
  ///
  /// - Parameter inRegion: positions that delegates have.
  /// - Returns: how many matches each pass found.
  func fuse(_ resolved: inout [Resolved], inRegion: Set<Int>, range: Range<Int>) -> [(pass: GraphPass, count: Int)] {
    // With all intermediate values kept there is nothing that a step could leave out.
    guard !preservesIntermediates else { return [] }
    // Operators that read a state or make the next one keep it in place by themselves.
    let carried = Set(states.keys).union(states.values)
    var fusion = FusionGraph(
      graph, range: range, types: types, packing: context.packing, constants: { graph[$0].constant ?? values[$0] },
      prepare: { node in
        guard case .success(let operation) = node.implementation else { return nil }
        return try? prepareFused(operation, node)
      }
    ) {
      let node = graph.nodes[range.lowerBound + $0]
      return !inRegion.contains($0) && !resolved[$0].isKnown && !resolved[$0].dependsOnValues
        && calls[range.lowerBound + $0] == nil
        && carried.isDisjoint(with: node.inputs.compactMap(\.self) + node.outputs)
    }
    fusion.run(without: disabledPasses)
    for (position, entry) in fusion.entries.enumerated() {
      guard let entry, entry.members.count > 1 || isReplaced(entry.node, range.lowerBound + position) else { continue }
      guard case .success(let operation) = entry.node.implementation,
        let kernel = try? entry.kernel ?? prepareFused(operation, entry.node)
      else { continue }
      for member in entry.members where member != position { resolved[member].isAbsorbed = true }
      resolved[position].fused = entry.node
      resolved[position].kernel = kernel
    }
    return fusion.matches
  }

  private func isReplaced(_ node: Node, _ index: Int) -> Bool { node.identity != graph.nodes[index].identity }

  private func prepareFused(_ operation: any Operator, _ node: Node) throws(OperatorError) -> Kernel {
    let context = NodeContext(
      inputs: node.inputs.map { $0.map { types[$0.index] } }, outputs: node.outputs.map { types[$0.index] },
      values: node.inputs.map { $0.flatMap { graph[$0].constant ?? values[$0] }.map { .constant($0) } ?? .unknown },
      threads: self.context.threadPool.count, usesWinograd: self.context.usesWinograd,
      packing: self.context.packing,
      companion: { [graph] index in
        guard graph.tensors.indices.contains(index), let constant = graph.tensors[index].constant else { return nil }
        return (graph.tensors[index].type, constant)
      })
    guard try operation.infer(context) == context.outputs.map(\.shape) else {
      throw .malformed("the fused operator gives another shape")
    }
    return try operation.prepare(context)
  }
}
