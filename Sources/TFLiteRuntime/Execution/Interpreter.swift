public import Kernels
public import TensorTypes

/// Runs one signature of a model: holds its tensors' memory and computes outputs from inputs.
///
/// An interpreter is cheap, since the model's weights and their packed forms are shared, and belongs to one task at a time; only
/// ``cancel()`` may be called from elsewhere. The order of use is resize (where shapes are open), ``allocate()``, write inputs,
/// ``invoke(deadline:)``, read outputs; allocation happens by itself when it is left out.
public final class Interpreter {
  public struct Options: Sendable {
    /// Threads that kernels and delegates use, the calling one included.
    public var threads: Int
    /// Threads shared with other interpreters, in place of `threads`.
    public var threadPool: ThreadPool?
    /// Variables and hash tables shared with other interpreters of the model, as its signatures expect when they keep a state together; nil for
    /// the interpreter's own.
    public var resources: Resources?
    /// Keeps every tensor's value until the next invocation, for ``tensor(_:)``; costs memory.
    public var preservesIntermediates: Bool
    /// Outputs that are inputs of the next invocation.
    public var states: [State]
    /// How hard to look for a smaller arena.
    public var planningEffort: MemoryPlanner.Effort
    /// The graph passes.
    public var compiler: GraphCompiler
    /// What must run on delegates.
    public var requirement: PlacementRequirement
    /// Where packed weights of the built-in kernels are kept for later processes; nil for nowhere.
    public var weightCache: WeightCache?
    /// Threads that pack weights while the model is loaded, even where it then runs with fewer; nil for all processors that the process may use,
    /// at most 4. They end when the weights are packed.
    public var packingThreads: Int?
    /// Plans for earlier input shapes are kept while their arenas have at most this many bytes together, so that inputs which are resized to such a shape
    /// again need no planning; 0 for none. They count towards ``Limits/arenaBytes`` and are given up where that memory is needed. Models with states or
    /// subgraphs keep none.
    public var retainedPlanBytes: Int

    public init(
      threads: Int = 1, threadPool: ThreadPool? = nil, resources: Resources? = nil,
      preservesIntermediates: Bool = false, states: [State] = [],
      planningEffort: MemoryPlanner.Effort = .standard, compiler: GraphCompiler = GraphCompiler(),
      requirement: PlacementRequirement = .anywhere, weightCache: WeightCache? = nil, packingThreads: Int? = nil,
      retainedPlanBytes: Int = 0
    ) {
      self.threads = threads
      self.threadPool = threadPool
      self.resources = resources
      self.preservesIntermediates = preservesIntermediates
      self.states = states
      self.planningEffort = planningEffort
      self.compiler = compiler
      self.requirement = requirement
      self.weightCache = weightCache
      self.packingThreads = packingThreads
      self.retainedPlanBytes = retainedPlanBytes
    }

    /// For the graphs that a graph's operators run.
    var withoutRetainedPlans: Options {
      var options = self
      options.retainedPlanBytes = 0
      return options
    }
  }

  /// An input or output.
  public struct TensorDescription: Sendable, Hashable {
    /// The name that the signature gives it; the tensor's own name where there is no signature.
    public let name: String
    public let tensorName: String
    public let tensor: TensorID
    /// The type with the shape it has now. Shapes that depend on values are known after an invocation.
    public let type: TensorType
    /// -1 where the model leaves a dimension open; nil when all are fixed.
    public let shapeSignature: [Int]?
  }

  public let model: Model
  /// The signature that this interpreter runs; nil where it runs a subgraph without one.
  public let signature: Signature?
  /// The subgraph that this interpreter runs.
  public let subgraph: Int
  let runner: GraphRunner
  private let requirement: PlacementRequirement
  /// Why the present placement is not what is required.
  private var disappointment: String?
  let context: ExecutionContext
  private let inputNames: [String]
  private let outputNames: [String]
  private let inputIDs: [TensorID]
  private let outputIDs: [TensorID]
  /// Records the duration of every step when set.
  public var profiler: Profiler?

  /// An interpreter of a model's signature.
  ///
  /// - Parameters:
  ///   - model: the model, whose constants are shared by all its interpreters.
  ///   - key: the signature's key; nil for subgraph 0, with the names of its signature if it has one.
  ///   - options: threads, states, requirements.
  ///   - delegates: asked in this order for each operator; what none takes runs with the built-in kernels.
  /// - Throws: ``ModelError``: an operator that has no implementation, an unknown signature.
  public init(
    _ model: Model, signature key: String? = nil, options: Options = Options(), delegates: [any Delegate] = []
  ) throws(ModelError) {
    let found: Signature?
    if let key {
      guard let signature = model.signatures.first(where: { $0.key == key }) else {
        let known = model.signatures.map { "'\($0.key)'" }.joined(separator: ", ")
        throw ModelError(
          .invalidArgument, "the model has no signature '\(key)'; it has \(known.isEmpty ? "none" : known)")
      }
      found = signature
    } else {
      found = model.signatures.first { $0.subgraph == 0 }
    }
    let subgraph = found?.subgraph ?? 0
    guard model.subgraphs.indices.contains(subgraph) else { throw ModelError(.malformed, "the model has no subgraph") }
    for (index, graph) in model.subgraphs.enumerated() {
      guard let tensor = graph.tensors.firstIndex(where: \.isUnsized) else { continue }
      throw ModelError(
        .malformed, "the shape has dimensions of -1, which only a shape signature may have",
        at: ModelError.Location(subgraph: index, tensor: tensor, tensorName: graph.tensors[tensor].name))
    }
    let original = model.subgraphs[subgraph]
    self.model = model
    requirement = options.requirement
    signature = found
    self.subgraph = subgraph
    // A named signature decides order and names; without one the subgraph's own order counts.
    if key != nil, let found {
      inputIDs = found.inputs.map(\.tensor)
      outputIDs = found.outputs.map(\.tensor)
      inputNames = found.inputs.map(\.name)
      outputNames = found.outputs.map(\.name)
    } else {
      inputIDs = original.inputs
      outputIDs = original.outputs
      func names(_ ids: [TensorID], _ bindings: [Signature.Binding]) -> [String] {
        ids.map { id in bindings.first { $0.tensor == id }?.name ?? original[id].name }
      }
      inputNames = names(original.inputs, found?.inputs ?? [])
      outputNames = names(original.outputs, found?.outputs ?? [])
    }
    let threadPool = options.threadPool ?? ThreadPool(count: max(options.threads, 1))
    let packing = ConstantPacking(
      threads: options.packingThreads ?? ConstantPacking.availableThreads, threadPool: threadPool,
      modelBytes: model.byteCount)
    packing.store = options.weightCache.map { model.cachedWeights($0, packing) }
    context = ExecutionContext(
      threadPool: threadPool, resources: options.resources ?? Resources(byteLimit: model.limits.arenaBytes),
      usesWinograd: !options.compiler.disabled.contains(.winograd), packing: packing)
    let graph = try model.compiledGraph(subgraph, compiler: options.compiler)
    let states = try Self.resolve(
      options.states, graph, inputs: zip(inputNames, inputIDs), outputs: zip(outputNames, outputIDs))
    let setting = DelegateSetting(
      signature: key, subgraph: subgraph, threadPool: context.threadPool, compiler: options.compiler)
    var prepared: [any Delegate] = []
    for delegate in delegates { prepared.append(try delegate.prepared(for: model, in: setting)) }
    runner = try GraphRunner(
      graph: graph, options: options, delegates: prepared, context: context, limits: model.limits, states: states
    ) { subgraph throws(ModelError) in try model.compiledGraph(subgraph, compiler: options.compiler) }
  }

  // MARK: Descriptions

  /// The inputs in order, with their present shapes.
  public var inputs: [TensorDescription] { zip(inputIDs, inputNames).map(describe) }
  /// The outputs in order, with their present shapes.
  public var outputs: [TensorDescription] { zip(outputIDs, outputNames).map(describe) }

  private func describe(_ id: TensorID, _ name: String) -> TensorDescription {
    let tensor = runner.graph[id]
    return TensorDescription(
      name: name, tensorName: tensor.name, tensor: id, type: runner.type(of: id), shapeSignature: tensor.shapeSignature)
  }

  /// The index of the input with this name (the signature's, or the tensor's); nil when there is none.
  public func inputIndex(named name: String) -> Int? {
    inputNames.firstIndex(of: name) ?? inputIDs.firstIndex { runner.graph[$0].name == name }
  }

  /// The index of the output with this name (the signature's, or the tensor's); nil when there is none.
  public func outputIndex(named name: String) -> Int? {
    outputNames.firstIndex(of: name) ?? outputIDs.firstIndex { runner.graph[$0].name == name }
  }

  /// Where each operator runs and why not elsewhere. Complete after ``allocate()``, for graphs whose shapes depend on values after the first
  /// invocation.
  public var placement: Placement { runner.placement }

  /// The names of operators that no delegate is asked about, because their shapes depend on values.
  public var unplannedOperators: [String] { runner.unplannedNodes.map(\.name) }

  /// What the graph passes did. Complete after ``allocate()``, for graphs whose shapes depend on values after the first invocation.
  public var passes: PassReport { runner.passes }

  /// Arena size and how near it is to the least possible.
  public var arena: ArenaReport { runner.arena }

  /// Bytes of all arenas that the interpreter holds: that of ``arena``, those of plans that ``Options/retainedPlanBytes`` keeps, of variables, and
  /// of the subgraphs that operators run. At most ``Limits/arenaBytes``.
  public var heldArenaBytes: Int { runner.heldArenaBytes }

  /// What is in the arena when. Complete when ``placement`` is.
  public var arenaBlocks: [ArenaBlock] {
    runner.segments.enumerated().flatMap { number, segment in
      segment.contents.buffers.indices.compactMap { index -> ArenaBlock? in
        let buffer = segment.contents.buffers[index]
        guard buffer.size > 0 else { return nil }
        return ArenaBlock(
          segment: number, offset: segment.plan.offsets[index], byteCount: buffer.size, firstUse: buffer.firstUse,
          lastUse: buffer.lastUse, tensors: segment.contents.tensors[index].map(\.index))
      }
    }
  }

  /// The operators of each segment in the order in which they run, the time axis of ``arenaBlocks``: indices into ``nodes``.
  package var executionOrder: [[Int]] { runner.segments.map(\.contents.nodes) }

  /// Threads that kernels use.
  public var threadCount: Int { context.threadPool.count }

  // MARK: Running

  /// Changes an input's shape. The next ``allocate()`` plans anew, unless ``Options/retainedPlanBytes`` kept a plan; values written before are lost.
  public func resizeInput(_ index: Int, to dimensions: [Int]) throws(ModelError) {
    try runner.resize(try inputID(index), to: dimensions)
  }

  /// Resolves shapes, gives regions to delegates, packs weights and plans memory. Does nothing when that is done already.
  ///
  /// - Throws: ``ModelError``; its kind is `delegate` where ``Options/requirement`` is not met.
  public func allocate() throws(ModelError) {
    if !runner.isAllocated { context.forgetStates() }
    let isNew = !runner.isAllocated
    try runner.allocate()
    guard requirement != .anywhere else { return }
    if isNew { disappointment = requirement.disappointment(runner.placement, unplanned: unplannedOperators) }
    if let disappointment { throw ModelError(.delegate, disappointment) }
  }

  /// Computes the outputs. A second call for the same shapes allocates no memory, unless shapes depend on values.
  ///
  /// - Parameter deadline: how long it may take, checked between operators and inside long ones; nil for no limit. Allocation that had to
  ///   be done first counts, but is not interrupted.
  /// - Throws: ``ModelError`` with kind `cancelled`, `deadlineExceeded`, `invalidValue`, …; outputs are then not available.
  public func invoke(deadline: Duration? = nil) throws(ModelError) {
    context.begin(deadline: ExecutionContext.deadline(after: deadline))
    try allocate()
    try runner.invoke(profiler: profiler)
  }

  /// Makes the invocation under way throw `cancelled`. May be called from any thread: keep ``canceller`` for that.
  public func cancel() { context.cancel() }

  /// Stops invocations from other tasks and threads.
  public var canceller: Canceller { Canceller(context: context) }

  /// Sets all variable tensors to zero. Resource variables and hash tables stay as they are; see ``Kernels/Resources/reset()``.
  public func resetVariables() { runner.resetVariables() }

  /// The variables and hash tables that the model names, to be shared with interpreters of its other signatures.
  public var resources: Resources { context.resources }

  func inputID(_ index: Int) throws(ModelError) -> TensorID {
    guard inputIDs.indices.contains(index) else {
      throw ModelError(.invalidArgument, "there is no input \(index); the model has \(inputIDs.count)")
    }
    return inputIDs[index]
  }

  func outputID(_ index: Int) throws(ModelError) -> TensorID {
    guard outputIDs.indices.contains(index) else {
      throw ModelError(.invalidArgument, "there is no output \(index); the model has \(outputIDs.count)")
    }
    return outputIDs[index]
  }
}

/// Stops the invocations of one interpreter; may be used from any thread.
public struct Canceller: Sendable {
  let context: ExecutionContext

  /// Makes the invocation under way throw ``ModelError`` with kind `cancelled`.
  public func cancel() { context.cancel() }
}
