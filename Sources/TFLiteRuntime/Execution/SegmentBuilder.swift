internal import FlatBuffers
internal import Kernels
internal import TensorTypes

/// Resolves shapes from one node on as far as they are known, gives nodes to delegates, prepares kernels and plans memory.
struct SegmentBuilder {
  let graph: Graph
  let delegates: [any Delegate]
  let threadPool: ThreadPool
  let limits: Limits
  let preservesIntermediates: Bool
  let planningEffort: MemoryPlanner.Effort
  /// The last node that reads each tensor; the number of nodes for graph outputs.
  let lastUse: [Int]

  /// Tensor types: declared ones, replaced by resolved ones as nodes are resolved.
  var types: [TensorType]
  /// Values that became known while shapes were resolved.
  var values: [TensorID: Constant] = [:]

  /// A node as far as it was worked out.
  private struct Resolved {
    let node: Int
    let inputs: [TensorType?]
    let outputs: [TensorType]
    var kernel: Kernel?
    /// The delegate that accepts it, by its index.
    var delegate: Int?
    /// Why delegates refused it.
    var reason = ""
    /// Whether its outputs are known, so that it need not run.
    var isKnown = false
    /// Whether its kernel was prepared with computed values.
    var dependsOnValues = false
  }

  /// Outputs of small operators on shapes are computed while resolving; larger ones run with the model.
  static let knownValueBytes = 4096
  static let maximumRank = 8

  init(
    graph: Graph, delegates: [any Delegate], threadPool: ThreadPool, limits: Limits, preservesIntermediates: Bool,
    planningEffort: MemoryPlanner.Effort, inputTypes: [TensorID: TensorType]
  ) {
    self.graph = graph
    self.delegates = delegates
    self.threadPool = threadPool
    self.limits = limits
    self.preservesIntermediates = preservesIntermediates
    self.planningEffort = planningEffort
    types = graph.tensors.map(\.type)
    for (id, type) in inputTypes { types[id.index] = type }
    var lastUse = [Int](repeating: -1, count: graph.tensors.count)
    for (index, node) in graph.nodes.enumerated() {
      for case let id? in node.inputs { lastUse[id.index] = index }
    }
    for id in graph.outputs { lastUse[id.index] = graph.nodes.count }
    self.lastUse = lastUse
  }

  /// The operands that a node's step finds in memory outside the new segment: constants, variables, and what earlier segments wrote.
  typealias Lookup = (TensorID) -> OperandSlot?

  /// Builds the segment that begins at node `start`.
  ///
  /// - Parameters:
  ///   - isFirst: whether this is the segment that is planned before anything ran; it holds the graph's inputs.
  ///   - memory: where tensors are that exist already; their values can be read.
  ///   - bytesInUse: memory of earlier segments, for the limit.
  mutating func build(
    from start: Int, isFirst: Bool, memory: @escaping Lookup, bytesInUse: Int
  ) throws(ModelError) -> Segment {
    var resolved: [Resolved] = []
    var assumptions = Segment.Assumptions()
    var next = start
    while next < graph.nodes.count {
      let readsMemory = next == start && !isFirst
      do throws(OperatorError) {
        resolved.append(try resolve(next, memory: readsMemory ? memory : nil, asksDelegates: isFirst))
      } catch {
        // The segment ends here. Where the very first node waits for graph inputs, it is an empty one that holds them.
        if case .needsValue = error, next > start || isFirst { break }
        throw ModelError(error, at: graph.location(of: next))
      }
      if next == start, readsMemory { assumptions = self.assumptions(resolved[0], memory: memory) }
      next += 1
    }
    let range = start..<next
    let successors = graph.successors(in: range)
    var regions = isFirst ? partition(&resolved, successors: successors) : []
    let units = Partitioner.order(count: range.count, successors: successors, regions: regions.map(\.nodes))

    // Every node that no region has gets its kernel now.
    let inRegion = Set(regions.flatMap(\.nodes))
    for position in resolved.indices where !inRegion.contains(position) && !resolved[position].isKnown {
      try prepare(&resolved[position])
    }
    var compiled: [Int: any CompiledRegion] = [:]
    var unplanned: Set<TensorID> = []
    for (index, region) in regions.enumerated().reversed() {
      do throws(DelegateError) {
        let description = describe(region.nodes, resolved, range: range)
        let made = try delegates[region.delegate].compile(description)
        compiled[region.nodes[0]] = made
        if !made.needsInternals { unplanned.formUnion(description.internals.map(\.tensor)) }
      } catch {
        for position in region.nodes {
          resolved[position].delegate = nil
          resolved[position].reason = "\(delegates[region.delegate].name) could not compile the region: \(error)"
          try prepare(&resolved[position])
        }
        regions.remove(at: index)
      }
    }
    let order = units.flatMap { unit -> [Partitioner.Unit] in
      if case .region(let nodes) = unit, compiled[nodes[0]] == nil { return nodes.map { .node($0) } }
      return [unit]
    }
    let layout = try layOut(
      order, resolved, compiled, unplanned: unplanned, range: range, isFirst: isFirst, memory: memory,
      bytesInUse: bytesInUse)
    return Segment(
      nodes: range, steps: layout.steps, arena: layout.arena, plan: layout.plan, placement: layout.placement,
      assumptions: assumptions, slots: layout.slots, values: values, report: report(resolved, regions))
  }

  /// Whether a segment, planned when its inputs had other values, is right for those they have now.
  func fits(_ segment: Segment, memory: @escaping Lookup) throws(ModelError) -> Bool {
    let index = segment.nodes.lowerBound
    do throws(OperatorError) {
      let shapes = try graph.nodes[index].implementation.get().infer(context(index, memory: memory))
      guard shapes == segment.assumptions.shapes else { return false }
    } catch {
      throw ModelError(error, at: graph.location(of: index))
    }
    guard let inputs = segment.assumptions.inputs else { return true }
    return inputs == self.inputs(of: index, memory: memory)
  }

  private func assumptions(_ first: Resolved, memory: Lookup) -> Segment.Assumptions {
    Segment.Assumptions(
      shapes: first.outputs.map(\.shape),
      inputs: first.dependsOnValues ? inputs(of: first.node, memory: memory) : nil)
  }

  /// The bytes of a node's computed inputs.
  private func inputs(of node: Int, memory: Lookup) -> [[UInt8]] {
    graph.nodes[node].inputs.map { id in
      guard let id, graph[id].constant == nil, let slot = memory(id) else { return [] }
      return unsafe Array(UnsafeRawBufferPointer(start: slot.address, count: slot.byteCount))
    }
  }

  // MARK: Shapes

  /// - Parameter outputs: the outputs' types; nil for the declared ones.
  private func context(_ index: Int, outputs: [TensorType]? = nil, memory: Lookup?) -> NodeContext {
    let node = graph.nodes[index]
    let values = node.inputs.map { id -> NodeContext.Value in
      guard let id else { return .unknown }
      if graph[id].sparsity == nil, let constant = graph[id].constant ?? self.values[id] { return .constant(constant) }
      if let slot = memory?(id) {
        return unsafe .computed(UnsafeRawBufferPointer(start: slot.address, count: slot.byteCount))
      }
      return .unknown
    }
    return NodeContext(
      inputs: node.inputs.map { $0.map { types[$0.index] } },
      outputs: outputs ?? declaredOutputs(node), values: values, threads: threadPool.count,
      declaredInputs: node.inputs.map { $0.map { graph[$0].type.shape } })
  }

  /// The outputs' types as the model declares them, with the element types that the operator imposes.
  private func declaredOutputs(_ node: Node) -> [TensorType] {
    var declared = node.outputs.map { graph[$0].type }
    guard case .success(let operation) = node.implementation,
      let elements = operation.outputElements(node.inputs.map { $0.map { types[$0.index] } })
    else { return declared }
    for (index, element) in zip(declared.indices, elements) { declared[index].element = element }
    return declared
  }

  private mutating func resolve(
    _ index: Int, memory: Lookup?, asksDelegates: Bool
  ) throws(OperatorError) -> Resolved {
    let node = graph.nodes[index]
    let operation = try node.implementation.get()
    // What was worked out for other shapes is forgotten.
    for (id, type) in zip(node.outputs, declaredOutputs(node)) {
      types[id.index] = type
      values[id] = nil
    }
    for case let id? in node.inputs where graph[id].sparsity != nil {
      throw .unsupported("sparse weights; dense ones are supported")
    }
    let context = context(index, memory: memory)
    for id in node.inputs.compactMap({ $0 }) + node.outputs where types[id.index].shape.rank > Self.maximumRank {
      throw .unsupported(
        "a tensor of \(types[id.index].shape.rank) dimensions; at most \(Self.maximumRank) are supported")
    }
    let shapes = try operation.infer(context)
    guard shapes.count == node.outputs.count else {
      throw .malformed("has \(shapes.count) outputs, not \(node.outputs.count)")
    }
    for (id, shape) in zip(node.outputs, shapes) {
      guard shape.elementCount <= limits.tensorElements else {
        throw .invalidValue("an output of \(shape) has more than \(limits.tensorElements) elements")
      }
      types[id.index].shape = shape
    }
    let outputs = node.outputs.map { types[$0.index] }
    var resolved = Resolved(node: index, inputs: context.inputs, outputs: outputs)
    if try makeKnown(operation, node, context) {
      resolved.isKnown = !node.outputs.contains { graph.outputs.contains($0) }
      if !resolved.isKnown { try prepare(&resolved, operation, memory: memory) }
      return resolved
    }
    guard asksDelegates else {
      if !delegates.isEmpty { resolved.reason = "its place in the graph is planned while the model runs" }
      try prepare(&resolved, operation, memory: memory)
      return resolved
    }
    let description = describe(resolved)
    var reasons: [String] = []
    for (number, delegate) in delegates.enumerated() {
      if delegate.partitioning.skippedOperators.contains(node.name)
        || delegate.partitioning.skippedNodes.contains(node.origin)
      {
        reasons.append("\(delegate.name) skips it as asked")
        continue
      }
      switch delegate.supports(description) {
      case .accepted:
        resolved.delegate = number
        return resolved
      case .refused(let reason): reasons.append(delegates.count == 1 ? reason : "\(delegate.name): \(reason)")
      }
    }
    resolved.reason = reasons.joined(separator: "; ")
    try prepare(&resolved, operation, memory: memory)
    return resolved
  }

  /// Prepares the kernel, without computed values where it can do without: the segment then fits other values too.
  private func prepare(
    _ resolved: inout Resolved, _ operation: any Operator, memory: Lookup?
  ) throws(OperatorError) {
    do throws(OperatorError) {
      resolved.kernel = try operation.prepare(context(resolved.node, outputs: resolved.outputs, memory: nil))
    } catch {
      guard case .needsValue = error, memory != nil else { throw error }
      resolved.kernel = try operation.prepare(context(resolved.node, outputs: resolved.outputs, memory: memory))
      resolved.dependsOnValues = true
    }
  }

  /// Computes the node now when that needs nothing but shapes and known values, and little memory.
  private mutating func makeKnown(
    _ operation: any Operator, _ node: Node, _ context: NodeContext
  ) throws(OperatorError) -> Bool {
    guard operation.isPure, !values.isEmpty || operation.dependsOnlyOnShapes else { return false }
    let constants = node.inputs.map { $0.flatMap { graph[$0].constant ?? values[$0] } }
    let isKnown = zip(node.inputs, constants).allSatisfy { $0 == nil || $1 != nil }
    guard isKnown || operation.dependsOnlyOnShapes else { return false }
    guard node.outputs.allSatisfy({ (types[$0.index].byteCount ?? .max) <= Self.knownValueBytes }) else { return false }
    let evaluation = NodeEvaluation(
      operation: operation, inputs: context.inputs, outputs: context.outputs, constants: constants)
    guard
      let results = try evaluation.run(maximumBytes: Self.knownValueBytes * 16, nanoseconds: FoldConstants.nanoseconds)
    else { return false }
    for (id, result) in zip(node.outputs, results) { values[id] = result.constant }
    return true
  }

  private func prepare(_ resolved: inout Resolved) throws(ModelError) {
    guard resolved.kernel == nil else { return }
    let node = graph.nodes[resolved.node]
    do throws(OperatorError) {
      try prepare(&resolved, try node.implementation.get(), memory: nil)
    } catch {
      throw ModelError(error, at: graph.location(of: resolved.node))
    }
  }

  // MARK: Delegates

  private struct PlannedRegion {
    let delegate: Int
    let nodes: [Int]
  }

  private func partition(_ resolved: inout [Resolved], successors: [[Int]]) -> [PlannedRegion] {
    var regions: [PlannedRegion] = []
    for (number, delegate) in delegates.enumerated() {
      let options = delegate.partitioning
      let accepted = resolved.map { $0.delegate == number }
      let kept = Partitioner.regions(
        accepted: accepted, successors: successors, others: regions.map(\.nodes), minimumNodes: options.minimumNodes,
        maximumPartitions: options.maximumPartitions)
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

  private func describe(_ resolved: Resolved) -> DelegateNode {
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

  private func describe(_ positions: [Int], _ resolved: [Resolved], range: Range<Int>) -> DelegateRegion {
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
      internals: written.filter { !isReadOutside.contains($0.tensor) }, threadPool: threadPool)
  }

  private func report(_ resolved: [Resolved], _ regions: [PlannedRegion]) -> Placement {
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
      placement.partitions.append(
        Placement.Partition(
          subgraph: origins.first?.subgraph ?? 0, delegate: delegates[region.delegate].name,
          operators: origins.map(\.index)))
    }
    return placement
  }

  // MARK: Memory

  private struct Layout {
    var steps: [Step] = []
    var arena: Arena
    var plan: ArenaPlan
    var placement: [TensorID: (offset: Int, byteCount: Int)] = [:]
    var slots: [OperandSlot] = []
  }

  /// - Parameter unplanned: tensors inside regions whose delegate has memory of its own for them.
  private func layOut(
    _ order: [Partitioner.Unit], _ resolved: [Resolved], _ compiled: [Int: any CompiledRegion],
    unplanned: Set<TensorID>, range: Range<Int>, isFirst: Bool, memory: Lookup, bytesInUse: Int
  ) throws(ModelError) -> Layout {
    // Each node has its own position, those of a region one after the other, so that tensors inside a region share memory too.
    let sequence = order.flatMap { unit -> [Int] in
      switch unit {
      case .node(let node): [node]
      case .region(let nodes): nodes
      }
    }.filter { !resolved[$0].isKnown }
    var position = [Int](repeating: -1, count: range.count)
    for (index, node) in sequence.enumerated() { position[node] = index }
    // A region's tensors that others read, and its inputs, are in use while any of its nodes runs.
    var unitSpan: [Int: ClosedRange<Int>] = [:]
    for case .region(let nodes) in order {
      let positions = nodes.map { position[$0] }
      guard let first = positions.min(), let last = positions.max() else { continue }
      for node in nodes { unitSpan[node] = first...last }
    }
    let end = sequence.count

    var tensors: [StorageAssignment.Tensor] = []
    var ids: [TensorID] = []
    var number = [Int](repeating: -1, count: graph.tensors.count)
    func add(_ id: TensorID, definition: Int, lastUse: Int, isTransient: Bool) throws(ModelError) {
      guard number[id.index] < 0 else { return }
      guard let bytes = types[id.index].byteCount else {
        throw ModelError(
          .unsupported, "tensors of type \(types[id.index].element) cannot be run yet",
          at: .init(tensor: id.index, tensorName: graph[id].name))
      }
      number[id.index] = tensors.count
      ids.append(id)
      tensors.append(.init(definition: definition, lastUse: lastUse, byteCount: bytes, isTransient: isTransient))
    }
    if isFirst {
      for id in graph.inputs where graph[id].constant == nil && !graph[id].isVariable {
        try add(id, definition: -1, lastUse: end, isTransient: false)
      }
    }
    for node in sequence {
      for id in graph.nodes[range.lowerBound + node].outputs
      where !graph[id].isVariable && !unplanned.contains(id) {
        let persists = lastUse[id.index] >= range.upperBound
        let definition = unitSpan[node]?.lowerBound ?? position[node]
        try add(
          id, definition: persists || unitSpan[node] == nil ? definition : position[node],
          lastUse: persists ? end : position[node], isTransient: !persists)
      }
    }
    for node in sequence {
      for case let id? in graph.nodes[range.lowerBound + node].inputs where number[id.index] >= 0 {
        let tensor = number[id.index]
        let use = unitSpan[node].map { tensors[tensor].definition >= $0.lowerBound ? position[node] : $0.upperBound }
        tensors[tensor].lastUse = max(tensors[tensor].lastUse, use ?? position[node])
      }
    }
    // What a region writes for others must not lie on what it still reads.
    for node in sequence {
      guard let span = unitSpan[node] else { continue }
      for id in graph.nodes[range.lowerBound + node].outputs where number[id.index] >= 0 {
        let tensor = number[id.index]
        if tensors[tensor].lastUse > span.upperBound { tensors[tensor].definition = span.lowerBound }
      }
    }

    let steps = sequence.map { node -> StorageAssignment.Step in
      let source = graph.nodes[range.lowerBound + node]
      let sharing: OperandSharing
      if case .success(let operation) = source.implementation {
        // Inside a region only views share memory: how a delegate computes is its own affair.
        switch operation.sharing {
        case .view: sharing = operation.sharing
        default: sharing = unitSpan[node] == nil ? operation.sharing : .separate
        }
      } else {
        sharing = .separate
      }
      return StorageAssignment.Step(
        inputs: source.inputs.map { $0.flatMap { number[$0.index] < 0 ? nil : number[$0.index] } },
        output: source.outputs.first.flatMap { number[$0.index] < 0 ? nil : number[$0.index] }, sharing: sharing)
    }
    let assignment = StorageAssignment(tensors: tensors, steps: steps, separate: preservesIntermediates)

    var buffers = assignment.storages.map {
      ArenaBuffer(size: $0.byteCount, firstUse: $0.firstUse + 1, lastUse: $0.lastUse + 1)
    }
    var scratchBuffers: [Int: Range<Int>] = [:]
    for unit in order {
      switch unit {
      case .node(let node):
        guard let kernel = resolved[node].kernel, position[node] >= 0, !kernel.scratch.isEmpty else { continue }
        let first = buffers.count
        for bytes in kernel.scratch {
          buffers.append(ArenaBuffer(size: bytes, firstUse: position[node] + 1, lastUse: position[node] + 1))
        }
        scratchBuffers[node] = first..<buffers.count
      case .region(let nodes):
        guard let region = compiled[nodes[0]], let span = unitSpan[nodes[0]] else { continue }
        buffers.append(
          ArenaBuffer(size: region.scratchBytes, firstUse: span.lowerBound + 1, lastUse: span.upperBound + 1))
        scratchBuffers[nodes[0]] = buffers.count - 1..<buffers.count
      }
    }
    let plan: ArenaPlan
    do throws(PlanningError) { plan = try MemoryPlanner.plan(buffers, effort: planningEffort) } catch {
      throw ModelError(.limitExceeded, "memory cannot be planned: \(error)")
    }
    guard plan.bytes <= limits.arenaBytes - bytesInUse else {
      throw ModelError(
        .limitExceeded, "the model needs an arena of \(plan.bytes) bytes; the limit is \(limits.arenaBytes)")
    }
    var layout = Layout(arena: try Arena(byteCount: plan.bytes), plan: plan)
    for (tensor, id) in ids.enumerated() {
      layout.placement[id] = (plan.offsets[assignment.storage[tensor]], tensors[tensor].byteCount)
    }

    func slot(_ id: TensorID?) throws(ModelError) -> OperandSlot {
      guard let id else { return layout.arena.slot(offset: 0, count: 0) }
      if let place = layout.placement[id] { return layout.arena.slot(offset: place.offset, count: place.byteCount) }
      if let constant = graph[id].constant ?? values[id] {
        // Kernels never write to inputs.
        return unsafe OperandSlot(
          address: UnsafeMutableRawPointer(mutating: constant.bytes.baseAddress), byteCount: constant.bytes.count)
      }
      if let slot = memory(id) { return slot }
      throw ModelError(
        .malformed, "nothing gives the tensor a value", at: .init(tensor: id.index, tensorName: graph[id].name))
    }
    for unit in order {
      switch unit {
      case .node(let node):
        guard position[node] >= 0, let kernel = resolved[node].kernel else { continue }
        let index = range.lowerBound + node
        let source = graph.nodes[index]
        if case .success(let operation) = source.implementation, case .view(let viewed) = operation.sharing,
          viewed < source.inputs.count, let input = source.inputs[viewed], let output = source.outputs.first,
          number[input.index] >= 0, number[output.index] >= 0,
          assignment.storage[number[input.index]] == assignment.storage[number[output.index]]
        {
          continue
        }
        let first = layout.slots.count
        for id in source.inputs { layout.slots.append(try slot(id)) }
        for id in source.outputs { layout.slots.append(try slot(id)) }
        for buffer in scratchBuffers[node] ?? 0..<0 {
          layout.slots.append(layout.arena.slot(offset: plan.offsets[buffer], count: buffers[buffer].size))
        }
        layout.steps.append(
          Step(
            action: .kernel(kernel.invoke), slot: first, inputCount: source.inputs.count,
            outputCount: source.outputs.count, node: index, name: source.name))
      case .region(let nodes):
        guard let region = compiled[nodes[0]], let delegate = resolved[nodes[0]].delegate else { continue }
        var slots: [TensorID: OperandSlot] = [:]
        for node in nodes {
          let source = graph.nodes[range.lowerBound + node]
          for case let id? in source.inputs where !unplanned.contains(id) { slots[id] = try slot(id) }
          for id in source.outputs where !unplanned.contains(id) { slots[id] = try slot(id) }
        }
        let buffer = scratchBuffers[nodes[0]]?.lowerBound
        let scratch = layout.arena.slot(
          offset: buffer.map { plan.offsets[$0] } ?? 0, count: buffer.map { buffers[$0].size } ?? 0)
        do throws(DelegateError) { try region.bind(RegionMemory(slots: slots, scratch: scratch)) } catch {
          throw ModelError(.delegate, error.description, at: graph.location(of: range.lowerBound + nodes[0]))
        }
        layout.steps.append(
          Step(
            action: .region(region), slot: 0, inputCount: 0, outputCount: 0, node: range.lowerBound + nodes[0],
            name: "\(delegates[delegate].name)[\(nodes.count)]"))
      }
    }
    return layout
  }
}
