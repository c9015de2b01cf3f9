internal import FlatBuffers
internal import Kernels
internal import TensorTypes

/// Resolves shapes from one node on as far as they are known, gives nodes to delegates, prepares kernels and plans memory.
struct SegmentBuilder {
  let graph: Graph
  let delegates: [any Delegate]
  let context: ExecutionContext
  let limits: Limits
  let budget: MemoryBudget
  /// Nodes that run subgraphs.
  let calls: [Int: SubgraphCall]
  let preservesIntermediates: Bool
  /// Graph passes that are switched off.
  let disabledPasses: Set<GraphPass>
  let planningEffort: MemoryPlanner.Effort
  /// For each graph input that carries a state the output that is its next value.
  let states: [TensorID: TensorID]
  /// The last node that reads each tensor; the number of nodes for graph outputs.
  let lastUse: [Int]

  /// Tensor types: declared ones, replaced by resolved ones as nodes are resolved.
  var types: [TensorType]
  /// Values that became known while shapes were resolved.
  var values: [TensorID: Constant] = [:]
  /// When to stop computing values while resolving shapes.
  private var foldingDeadline: UInt64 = 0

  /// A node as far as it was worked out.
  struct Resolved {
    let node: Int
    let inputs: [TensorType?]
    let outputs: [TensorType]
    var kernel: Kernel?
    /// The delegate that accepts it, by its index.
    var delegate: Int?
    /// The partition that the delegate wants it in.
    var partition: Int?
    /// Why delegates refused it.
    var reason = ""
    /// Whether its outputs are known, so that it need not run.
    var isKnown = false
    /// Whether its kernel was prepared with computed values.
    var dependsOnValues = false
    /// The operator that runs in its place, for others too.
    var fused: Node?
    /// Whether another node's fused operator does its work.
    var isAbsorbed = false

    /// Whether it is no step.
    var isLeftOut: Bool { isKnown || isAbsorbed }
  }

  /// Outputs of small operators on shapes are computed while resolving; larger ones run with the model.
  static let knownValueBytes = 4096
  static let maximumRank = 8

  init(
    graph: Graph, delegates: [any Delegate], context: ExecutionContext, limits: Limits, budget: MemoryBudget,
    calls: [Int: SubgraphCall], preservesIntermediates: Bool, disabledPasses: Set<GraphPass>,
    planningEffort: MemoryPlanner.Effort, states: [TensorID: TensorID], inputTypes: [TensorID: TensorType]
  ) {
    self.graph = graph
    self.delegates = delegates
    self.context = context
    self.limits = limits
    self.budget = budget
    self.calls = calls
    self.preservesIntermediates = preservesIntermediates
    self.disabledPasses = disabledPasses
    self.planningEffort = planningEffort
    self.states = states
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
  mutating func build(
    from start: Int, isFirst: Bool, memory: @escaping Lookup
  ) throws(ModelError) -> Segment {
    foldingDeadline = ExecutionContext.now() + limits.foldingNanoseconds
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
        throw calls[next]?.failure ?? ModelError(error, at: graph.location(of: next))
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
    let matches = fuse(&resolved, inRegion: Set(regions.flatMap(\.nodes)), range: range)
    let layout = try layOut(
      order, resolved, compiled, unplanned: unplanned, range: range, isFirst: isFirst, memory: memory)
    return Segment(
      nodes: range, steps: layout.steps, arena: layout.arena, plan: layout.plan, placement: layout.placement,
      assumptions: assumptions, slots: layout.slots, strings: layout.strings,
      stringConstants: layout.stringConstants, values: values, report: report(resolved, regions, range: range),
      contents: layout.contents, matches: matches)
  }

  /// Whether a segment, planned when its inputs had other values, is right for those they have now.
  func fits(_ segment: Segment, memory: @escaping Lookup) throws(ModelError) -> Bool {
    let index = segment.nodes.lowerBound
    do throws(OperatorError) {
      let shapes = try self.shapes(
        of: graph.nodes[index].implementation.get(), index, nodeContext(index, memory: memory), memory: memory)
      guard shapes == segment.assumptions.shapes else { return false }
    } catch {
      throw calls[index]?.failure ?? ModelError(error, at: graph.location(of: index))
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
      return slot.contents
    }
  }

  // MARK: Shapes

  /// - Parameter outputs: the outputs' types; nil for the declared ones.
  private func nodeContext(_ index: Int, outputs: [TensorType]? = nil, memory: Lookup?) -> NodeContext {
    let node = graph.nodes[index]
    let values = node.inputs.map { id -> NodeContext.Value in
      guard let id else { return .unknown }
      if graph[id].sparsity == nil, let constant = graph[id].constant ?? self.values[id] { return .constant(constant) }
      if let slot = memory?(id) {
        if let strings = slot.stringArray { return .constant(Constant(strings.bytes)) }
        return unsafe .computed(UnsafeRawBufferPointer(start: slot.address, count: slot.byteCount))
      }
      return .unknown
    }
    return NodeContext(
      inputs: node.inputs.map { $0.map { types[$0.index] } },
      outputs: outputs ?? declaredOutputs(node), values: values, threads: context.threadPool.count,
      declaredInputs: node.inputs.map { $0.map { graph[$0].type.shape } },
      intermediates: node.intermediates.map { graph[$0].type },
      variables: Set(node.inputs.indices.filter { node.inputs[$0].map { isVariable($0) } ?? false }),
      bodies: node.bodies, resources: memory == nil ? nil : context.resources, usesWinograd: context.usesWinograd,
      packing: context.packing,
      companion: { [graph] index in
        guard graph.tensors.indices.contains(index), let constant = graph.tensors[index].constant else { return nil }
        return (graph.tensors[index].type, constant)
      })
  }

  private func shapes(
    of operation: any Operator, _ index: Int, _ node: NodeContext, memory: Lookup?
  ) throws(OperatorError) -> [Shape] {
    guard let call = calls[index] else { return try operation.inferShapes(node) }
    guard let memory else { return try call.infer(node, operands: nil) }
    // Constants have no memory of their own until the segment is laid out.
    var constants: [StringCell] = []
    var operands: [OperandSlot?] = []
    for id in graph.nodes[index].inputs {
      guard let id else {
        operands.append(nil)
        continue
      }
      if types[id.index].element == .string, let constant = graph[id].constant ?? values[id] {
        let cell = StringCell(try StringArray(constant.bytes))
        constants.append(cell)
        operands.append(OperandSlot(strings: cell))
      } else {
        operands.append(memory(id))
      }
    }
    return try withExtendedLifetime(constants) { () throws(OperatorError) in try call.infer(node, operands: operands) }
  }

  /// Whether kernels may write a tensor that they read.
  private func isVariable(_ id: TensorID) -> Bool { graph[id].isVariable && graph[id].constant == nil }

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
    let context = nodeContext(index, memory: memory)
    for id in node.inputs.compactMap({ $0 }) + node.outputs where types[id.index].shape.rank > Self.maximumRank {
      throw .unsupported(
        "a tensor of \(types[id.index].shape.rank) dimensions; at most \(Self.maximumRank) are supported")
    }
    let shapes = try shapes(of: operation, index, context, memory: memory)
    guard shapes.count == node.outputs.count else {
      throw .malformed("has \(shapes.count) outputs, not \(node.outputs.count)")
    }
    for (id, shape) in zip(node.outputs, shapes) {
      guard shape.elementCount <= limits.tensorElements else {
        throw .limitExceeded("an output of \(shape) has more than \(limits.tensorElements) elements")
      }
      types[id.index].shape = shape
      // A variable's memory was there before, with the size that the model declares.
      if graph[id].isVariable, types[id.index].byteCount != graph[id].type.byteCount {
        throw .malformed("writes \(types[id.index]) to a variable of \(graph[id].type)")
      }
    }
    let outputs = node.outputs.map { types[$0.index] }
    var resolved = Resolved(node: index, inputs: context.inputs, outputs: outputs)
    if makeKnown(operation, index, context) {
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
        resolved.partition = delegate.partition(of: description)
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
    if let call = calls[resolved.node] {
      resolved.kernel = call.kernel(nodeContext(resolved.node, outputs: resolved.outputs, memory: nil))
      return
    }
    do throws(OperatorError) {
      resolved.kernel = try operation.prepareKernel(nodeContext(resolved.node, outputs: resolved.outputs, memory: nil))
    } catch {
      guard case .needsValue = error, memory != nil else { throw error }
      resolved.kernel = try operation.prepareKernel(
        nodeContext(resolved.node, outputs: resolved.outputs, memory: memory))
      resolved.dependsOnValues = true
    }
  }

  /// Computes the node now when that needs nothing but shapes and known values, and little memory: what is computed from a `SHAPE` and leads to
  /// a `RESHAPE` need not wait for the model to run.
  private mutating func makeKnown(_ operation: any Operator, _ index: Int, _ context: NodeContext) -> Bool {
    let node = graph.nodes[index]
    guard operation.isPure, calls[index] == nil, !values.isEmpty || operation.dependsOnlyOnShapes else { return false }
    guard !node.outputs.contains(where: { graph[$0].isVariable }) else { return false }
    let constants = node.inputs.map { $0.flatMap { graph[$0].constant ?? values[$0] } }
    let isKnown = zip(node.inputs, constants).allSatisfy { id, constant in
      id.map { constant != nil && types[$0.index].element.bitWidth > 0 } ?? true
    }
    guard isKnown || operation.dependsOnlyOnShapes else { return false }
    guard node.outputs.allSatisfy({ (types[$0.index].byteCount ?? .max) <= Self.knownValueBytes }) else { return false }
    let evaluation = NodeEvaluation(
      operation: operation, inputs: context.inputs, outputs: context.outputs, constants: constants,
      bodies: node.bodies)
    let start = ExecutionContext.now()
    guard start < foldingDeadline else { return false }
    // What fails now fails when the model runs, with an error that names the operator.
    guard
      let results = try? evaluation.run(
        maximumBytes: Self.knownValueBytes * 16, nanoseconds: foldingDeadline - start)
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
}
