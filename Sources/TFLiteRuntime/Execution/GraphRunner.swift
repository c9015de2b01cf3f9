internal import FlatBuffers
internal import Kernels
internal import TensorTypes

/// Runs one compiled graph: holds input shapes, variables, and the segments that are planned so far.
@safe final class GraphRunner {
  let graph: Graph
  let options: Interpreter.Options
  let delegates: [any Delegate]
  let context: ExecutionContext
  let limits: Limits
  /// For each graph input that carries a state the output that is its next value.
  let states: [TensorID: TensorID]

  private var inputTypes: [TensorID: TensorType] = [:]
  private lazy var builder = makeBuilder()
  private(set) var segments: [Segment] = []
  private var retained: RetainedPlans
  private let budget: MemoryBudget
  /// Nodes that run subgraphs.
  private let calls: [Int: SubgraphCall]
  private var variables: Arena
  private var variableOffsets: [TensorID: Int] = [:]
  /// Whether the last invocation ran to its end.
  private(set) var hasOutputs = false
  /// Placement of the operators that are planned.
  var placement: Placement {
    var placement = Placement()
    for segment in segments { placement.append(segment.report) }
    return placement
  }

  /// - Throws: ``ModelError`` when an operator has no implementation, or variables need more memory than allowed.
  ///
  /// - Parameters:
  ///   - subgraph: the compiled form of another subgraph of the model.
  ///   - budget: what the interpreter may allocate; nil for a new one.
  init(
    graph: Graph, options: Interpreter.Options, delegates: [any Delegate], context: ExecutionContext, limits: Limits,
    budget: MemoryBudget? = nil, states: [TensorID: TensorID] = [:],
    subgraph: @escaping (Int) throws(ModelError) -> Graph
  ) throws(ModelError) {
    for (index, node) in graph.nodes.enumerated() {
      if case .failure(let error) = node.implementation { throw ModelError(error, at: graph.location(of: index)) }
    }
    self.graph = graph
    self.options = options
    self.delegates = delegates
    self.context = context
    self.limits = limits
    self.states = states
    let budget = budget ?? MemoryBudget(limits)
    self.budget = budget
    try budget.addGraph(ModelError.Location())
    var calls: [Int: SubgraphCall] = [:]
    for (index, node) in graph.nodes.enumerated() {
      // Asking every operator's type for a conformance that it does not have takes long.
      guard case .builtin(let builtin) = node.identity, SubgraphCalls.references(builtin) != nil,
        let operation = try? node.implementation.get() as? any SubgraphOperator
      else { continue }
      calls[index] = SubgraphCall(operation, context: context) { callee throws(ModelError) in
        try GraphRunner(
          graph: try subgraph(callee), options: options.withoutRetainedPlans, delegates: delegates, context: context,
          limits: limits,
          budget: budget, subgraph: subgraph)
      }
    }
    self.calls = calls
    // A plan of a graph with subgraphs counts on their shapes, and what carries states is in the arena.
    retained = RetainedPlans(limit: calls.isEmpty && states.isEmpty ? options.retainedPlanBytes : 0)
    var total = 0
    for (index, tensor) in graph.tensors.enumerated() where tensor.isVariable && tensor.constant == nil {
      let place = ModelError.Location(tensor: index, tensorName: tensor.name)
      guard let bytes = tensor.type.byteCount, bytes <= limits.arenaBytes - total else {
        throw ModelError(.limitExceeded, "variables need more than \(limits.arenaBytes) bytes", at: place)
      }
      variableOffsets[TensorID(index)] = total
      total += (bytes + 63) / 64 * 64
    }
    variables = try Arena(byteCount: total, budget: budget)
    for id in graph.inputs { inputTypes[id] = graph[id].type }
    resetVariables()
  }

  private func makeBuilder() -> SegmentBuilder {
    SegmentBuilder(
      graph: graph, delegates: delegates, context: context, limits: limits, budget: budget, calls: calls,
      preservesIntermediates: options.preservesIntermediates, disabledPasses: options.compiler.disabled,
      planningEffort: options.planningEffort, states: states,
      inputTypes: inputTypes)
  }

  /// What the graph passes did, as far as the graph is planned.
  var passes: PassReport {
    var report = PassReport()
    for (pass, count) in graph.passMatches { report.matches[pass, default: 0] += count }
    report.storedOperators = graph.storedOperators ?? graph.nodes.count
    report.compiledOperators = graph.nodes.count
    for segment in segments {
      for (pass, count) in segment.matches { report.matches[pass, default: 0] += count }
      report.steps += segment.steps.map(\.name)
    }
    return report
  }

  // MARK: Shapes

  var isAllocated: Bool { !segments.isEmpty }

  /// Whether all shapes are known without running, given ``allocate()``.
  var isPlannedToTheEnd: Bool { segments.first?.nodes.upperBound == graph.nodes.count }

  /// Nodes whose place is decided while the model runs.
  var unplannedNodes: ArraySlice<Node> { graph.nodes[(segments.last?.nodes.upperBound ?? 0)...] }

  /// The shape that an input was given.
  func inputShape(_ input: TensorID) -> Shape? { inputTypes[input]?.shape }

  /// The type of a tensor as far as it is known now.
  func type(of tensor: TensorID) -> TensorType { builder.types[tensor.index] }

  func resize(_ input: TensorID, to dimensions: [Int]) throws(ModelError) {
    let tensor = graph[input]
    let place = ModelError.Location(tensor: input.index, tensorName: tensor.name)
    guard let shape = Shape(dimensions) else {
      throw ModelError(.invalidArgument, "\(dimensions) is not a shape: dimensions must be 0 or more", at: place)
    }
    guard shape.elementCount <= limits.tensorElements else {
      throw ModelError(.limitExceeded, "\(shape) has more than \(limits.tensorElements) elements", at: place)
    }
    guard inputTypes[input]?.shape != shape else { return }
    if !segments.isEmpty, retained.limit > 0 {
      retained.keep(.init(inputTypes: inputTypes, builder: builder, segments: segments))
    }
    inputTypes[input] = tensor.type.with(shape: shape)
    segments = []
    hasOutputs = false
    builder = makeBuilder()
  }

  // MARK: Running

  /// Resolves shapes and plans memory as far as that is possible without running.
  func allocate() throws(ModelError) {
    guard segments.isEmpty else { return }
    if let plan = retained.take(inputTypes) {
      (builder, segments) = (plan.builder, plan.segments)
      // As in a new arena.
      for id in graph.inputs {
        if let slot = segments[0].slot(of: id) {
          unsafe slot.address.initializeMemory(as: UInt8.self, repeating: 0, count: slot.byteCount)
        }
      }
    } else {
      builder = makeBuilder()
      segments = [try build(from: 0, isFirst: true) { [unowned self] in variableSlot($0) }]
    }
    for id in graph.inputs {
      guard let value = graph[id].initialValue, let slot = slot(of: id) else { continue }
      if slot.stringArray != nil {
        if let strings = try? StringArray(value.bytes) { try? slot.setStringArray(strings) }
        continue
      }
      guard slot.byteCount == value.bytes.count else { continue }
      unsafe slot.address.copyMemory(from: value.bytes.baseAddress, byteCount: value.bytes.count)
    }
  }

  /// Builds the segment that begins at node `start`. Plans for other shapes are given up where their memory is needed.
  private func build(
    from start: Int, isFirst: Bool, memory: @escaping SegmentBuilder.Lookup
  ) throws(ModelError) -> Segment {
    defer { context.endPacking() }
    do throws(ModelError) {
      return try builder.build(from: start, isFirst: isFirst, memory: memory)
    } catch {
      guard !retained.isEmpty, error.kind == .limitExceeded || error.kind == .outOfMemory else { throw error }
      retained.removeAll()
      return try builder.build(from: start, isFirst: isFirst, memory: memory)
    }
  }

  func invoke(profiler: Profiler?) throws(ModelError) {
    hasOutputs = false
    for call in calls.values { call.begin() }
    var index = 0
    while true {
      let segment = segments[index]
      try segment.invoke(context, graph, profiler: profiler)
      let next = segment.nodes.upperBound
      if next >= graph.nodes.count { break }
      index += 1
      try prepareSegment(index, from: next)
    }
    try carryStates()
    hasOutputs = true
  }

  /// Makes the outputs that are states inputs, where they do not share memory anyway.
  private func carryStates() throws(ModelError) {
    for (input, output) in states {
      guard let source = slot(of: output), let target = slot(of: input) else { continue }
      let place = ModelError.Location(tensor: output.index, tensorName: graph[output].name)
      guard type(of: output).shape == type(of: input).shape, source.byteCount == target.byteCount else {
        throw ModelError(
          .invalidValue, "the state is \(type(of: output)), its input takes \(type(of: input))", at: place)
      }
      if unsafe source.address != target.address {
        unsafe target.address.copyMemory(from: source.address, byteCount: source.byteCount)
      }
    }
  }

  /// Whether a state's output is computed in the memory of its input; nil before memory is planned.
  func isKeptInPlace(_ input: TensorID) -> Bool? {
    guard let output = states[input], let source = slot(of: output), let target = slot(of: input) else { return nil }
    return unsafe source.address == target.address
  }

  /// Sets the inputs that carry states to zero, those that are quantised to their zero point.
  func resetStates() {
    for input in states.keys {
      guard let slot = slot(of: input) else { continue }
      slot.setToZero(type(of: input))
    }
  }

  /// Plans segment `index`, which begins at node `start`, now that the values before it are there, unless it was planned for such values.
  private func prepareSegment(_ index: Int, from start: Int) throws(ModelError) {
    let lookup: SegmentBuilder.Lookup = { [unowned self] in slot(of: $0) }
    if index < segments.count {
      if try builder.fits(segments[index], memory: lookup) { return }
      segments.removeLast(segments.count - index)
    }
    let segment = try build(from: start, isFirst: false, memory: lookup)
    guard segment.nodes.upperBound > start else {
      throw ModelError(.unsupported, "the operator's shape cannot be resolved", at: graph.location(of: start))
    }
    segments.append(segment)
  }

  /// Sets variables to zero, those of `int8` to their zero point.
  func resetVariables() {
    variables.clear()
    for (id, offset) in variableOffsets {
      let type = graph[id].type
      guard type.element == .int8, let bytes = type.byteCount else { continue }
      variables.slot(offset: offset, count: bytes).setToZero(type)
    }
    for call in calls.values { call.resetVariables() }
  }

  // MARK: Memory

  /// Whether an operator writes the tensor: its value is neither the caller's nor the model's.
  func isComputed(_ tensor: TensorID) -> Bool {
    graph[tensor].constant == nil && !graph[tensor].isVariable && !graph.inputs.contains(tensor)
  }

  private func variableSlot(_ tensor: TensorID) -> OperandSlot? {
    guard let offset = variableOffsets[tensor], let bytes = graph[tensor].type.byteCount else { return nil }
    return variables.slot(offset: offset, count: bytes)
  }

  /// Where a tensor's value is; nil when it has no memory (yet).
  func slot(of tensor: TensorID) -> OperandSlot? {
    if let slot = variableSlot(tensor) { return slot }
    for segment in segments {
      if let slot = segment.slot(of: tensor) { return slot }
    }
    if let constant = graph[tensor].constant ?? builder.values[tensor] {
      return unsafe OperandSlot(
        address: UnsafeMutableRawPointer(mutating: constant.bytes.baseAddress), byteCount: constant.bytes.count)
    }
    return nil
  }

  /// Bytes of every arena, also those of variables, of subgraphs and of plans for other shapes.
  var heldArenaBytes: Int { budget.used }

  /// Arena bytes, the lower bound of what the tensors need, and whether no plan could be smaller.
  var arena: ArenaReport {
    ArenaReport(
      bytes: segments.reduce(0) { $0 + $1.plan.bytes }, lowerBound: segments.reduce(0) { $0 + $1.plan.lowerBound },
      isProvenOptimal: segments.allSatisfy { $0.plan.isProvenOptimal })
  }
}

extension OperandSlot {
  /// Sets every element to 0, quantised ones of 8 and 16 bits to the zero point.
  fileprivate func setToZero(_ type: TensorType) {
    let zeroPoint = type.quantization.zeroPoint ?? 0
    switch type.element {
    case .int8, .uint8:
      unsafe address.initializeMemory(as: UInt8.self, repeating: UInt8(truncatingIfNeeded: zeroPoint), count: byteCount)
    case .int16, .uint16:
      unsafe address.initializeMemory(
        as: UInt16.self, repeating: UInt16(truncatingIfNeeded: zeroPoint), count: byteCount / 2)
    default: unsafe address.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    }
  }
}

/// How much memory an interpreter's tensors take, and how near that is to the least possible.
public struct ArenaReport: Sendable, Hashable {
  /// Bytes of the arena, for the present shapes of the inputs.
  public let bytes: Int
  /// No plan can be smaller than this.
  public let lowerBound: Int
  public let isProvenOptimal: Bool
}
