internal import Kernels
internal import TensorTypes

/// Which nodes go to delegates, and what delegates and reports are told of them.
extension SegmentBuilder {
  struct PlannedRegion {
    let delegate: Int
    let nodes: [Int]
  }

  func partition(_ resolved: inout [Resolved], successors: [[Int]]) -> [PlannedRegion] {
    var regions: [PlannedRegion] = []
    for (number, delegate) in delegates.enumerated() {
      let options = delegate.partitioning
      let accepted = resolved.map { $0.delegate == number }
      let kept = Partitioner.regions(
        accepted: accepted, assigned: resolved.map(\.partition), successors: successors, others: regions.map(\.nodes),
        minimumNodes: options.minimumNodes, maximumPartitions: options.maximumPartitions)
      let members = Set(kept.joined())
      for position in resolved.indices where accepted[position] && !members.contains(position) {
        resolved[position].delegate = nil
        resolved[position].reason =
          "\(delegate.name) would take it, but its region is too small or beyond the maximum number of partitions"
      }
      regions += kept.map { PlannedRegion(delegate: number, nodes: $0) }
    }
    return regions
  }

  func describe(_ resolved: Resolved) -> DelegateNode {
    let node = graph.nodes[resolved.node]
    func operand(_ id: TensorID) -> DelegateOperand {
      DelegateOperand(
        tensor: id, name: graph[id].name, type: types[id.index], constant: graph[id].constant ?? values[id])
    }
    return DelegateNode(
      operation: (try? node.implementation.get()) ?? Identity(), name: node.name, version: node.version,
      origin: node.origin,
      inputs: node.inputs.map { $0.map(operand) }, outputs: node.outputs.map(operand))
  }

  func describe(_ positions: [Int], _ resolved: [Resolved], range: Range<Int>) -> DelegateRegion {
    let nodes = positions.map { describe(resolved[$0]) }
    let members = Set(positions.map { $0 + range.lowerBound })
    var isWritten: Set<TensorID> = []
    for node in nodes { for operand in node.outputs { isWritten.insert(operand.tensor) } }
    var isReadOutside = Set(graph.outputs)
    for (index, node) in graph.nodes.enumerated() where !members.contains(index) {
      for case let id? in node.inputs { isReadOutside.insert(id) }
    }
    var inputs: [DelegateOperand] = []
    var seen: Set<TensorID> = []
    for node in nodes {
      for case let operand? in node.inputs where operand.constant == nil && !isWritten.contains(operand.tensor) {
        if seen.insert(operand.tensor).inserted { inputs.append(operand) }
      }
    }
    let written = nodes.flatMap(\.outputs)
    return DelegateRegion(
      nodes: nodes, inputs: inputs, outputs: written.filter { isReadOutside.contains($0.tensor) },
      internals: written.filter { !isReadOutside.contains($0.tensor) }, threadPool: context.threadPool)
  }

  func report(_ resolved: [Resolved], _ regions: [PlannedRegion], range: Range<Int>) -> Placement {
    var placement = Placement()
    for node in resolved where !node.isKnown {
      let source = graph.nodes[node.node]
      placement.operators.append(
        Placement.Entry(
          origin: source.origin, name: source.name, version: source.version,
          delegate: node.delegate.map { delegates[$0].name } ?? Placement.builtin,
          reason: node.delegate == nil ? node.reason : ""))
    }
    for region in regions {
      let origins = region.nodes.map { graph.nodes[resolved[$0].node].origin }
      let description = describe(region.nodes, resolved, range: range)
      placement.partitions.append(
        Placement.Partition(
          subgraph: origins.first?.subgraph ?? 0, delegate: delegates[region.delegate].name,
          operators: origins.map(\.index), inputBytes: description.inputs.byteCount,
          outputBytes: description.outputs.byteCount))
    }
    return placement
  }
}

extension [DelegateOperand] {
  /// Bytes of all of them; saturates.
  fileprivate var byteCount: Int {
    reduce(0) { sum, operand in
      let (total, overflow) = sum.addingReportingOverflow(operand.type.byteCount ?? 0)
      return overflow ? Int.max : total
    }
  }
}
