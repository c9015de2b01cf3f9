internal import Kernels
internal import TensorTypes

/// One step of a plan: a prepared kernel or a delegate's region, and where its operands stand in the segment's slots.
struct Step {
  enum Action {
    case kernel(Kernel.Invoke)
    case region(any CompiledRegion)
  }
  var action: Action
  var slot: Int
  var inputCount: Int
  var outputCount: Int
  /// The first node of the graph that the step runs.
  var node: Int
  /// The nodes of a region, in the order in which the delegate has them.
  var members: [Int] = []
  /// What a profile calls the step.
  var name: String
  /// The subgraphs that the step runs.
  var call: SubgraphCall?
}

/// Consecutive steps that were planned together, with the memory of the tensors that they write.
///
/// A graph whose shapes are all known before it runs is one segment. Where a shape depends on a computed value a new segment begins, planned
/// when that value is there, and planned again only when the shapes differ from the time before.
@safe final class Segment {
  let nodes: Range<Int>
  let steps: [Step]
  let arena: Arena
  let plan: ArenaPlan
  /// Where each tensor that has memory here begins in the arena, and how long it is.
  let placement: [TensorID: (offset: Int, byteCount: Int)]
  /// What the segment's plan assumes of computed values.
  let assumptions: Assumptions
  let slots: UnsafeMutableBufferPointer<OperandSlot>
  /// The values of the string tensors that have memory here.
  let strings: [TensorID: StringCell]
  /// What an invocation needs of each step, in their order. Elements of an array of ``Step`` would be copied, with a reference counted for each of
  /// their members, and so would closures in memory; that takes longer than the operators of small models.
  private let calls: UnsafeMutableBufferPointer<Call>
  /// Keeps what steps point to.
  private let stringConstants: [StringCell]
  /// Constants that were computed while shapes were resolved; steps point into them.
  let values: [TensorID: Constant]
  /// Where the segment's operators run.
  let report: Placement
  /// What the plan is for.
  let contents: ArenaContents

  /// The buffers of the plan, the nodes by time, and the tensors of each buffer.
  struct ArenaContents {
    var buffers: [ArenaBuffer] = []
    var nodes: [Int] = []
    var tensors: [[TensorID]] = []
  }

  /// Matches of the passes that fuse operators.
  let matches: [(pass: GraphPass, count: Int)]

  /// The computed values that a segment was planned for, as far as they matter: it can be used again while these hold.
  struct Assumptions {
    /// Output shapes of the first node.
    var shapes: [Shape] = []
    /// The bytes of the first node's inputs, where its kernel was prepared with their values; nil where shapes are all it depends on.
    var inputs: [[UInt8]]?
  }

  /// Holds a closure, so that it can be called without a reference being counted.
  private final class StepFunction: Sendable {
    let invoke: Kernel.Invoke
    init(_ invoke: @escaping Kernel.Invoke) { self.invoke = invoke }
  }

  @safe private struct Call {
    /// Of a step that is a kernel; nil for a region.
    let function: Unmanaged<StepFunction>?
    let slot: Int
    let inputCount: Int
    let outputCount: Int
  }

  init(
    nodes: Range<Int>, steps: [Step], arena: Arena, plan: ArenaPlan,
    placement: [TensorID: (offset: Int, byteCount: Int)], assumptions: Assumptions, slots: [OperandSlot],
    strings: [TensorID: StringCell], stringConstants: [StringCell], values: [TensorID: Constant], report: Placement,
    contents: ArenaContents, matches: [(pass: GraphPass, count: Int)]
  ) {
    self.nodes = nodes
    self.steps = steps
    self.arena = arena
    self.plan = plan
    self.placement = placement
    self.assumptions = assumptions
    self.strings = strings
    self.stringConstants = stringConstants
    self.values = values
    self.report = report
    self.contents = contents
    self.matches = matches
    let memory = UnsafeMutableBufferPointer<OperandSlot>.allocate(capacity: slots.count)
    _ = unsafe memory.initialize(from: slots)
    unsafe self.slots = memory
    let calls = UnsafeMutableBufferPointer<Call>.allocate(capacity: steps.count)
    for (index, step) in steps.enumerated() {
      var function: Unmanaged<StepFunction>?
      if case .kernel(let invoke) = step.action { unsafe function = .passRetained(StepFunction(invoke)) }
      unsafe calls.initializeElement(
        at: index,
        to: Call(function: function, slot: step.slot, inputCount: step.inputCount, outputCount: step.outputCount))
    }
    unsafe self.calls = calls
  }

  deinit {
    unsafe slots.deallocate()
    unsafe calls.forEach { unsafe $0.function?.release() }
    unsafe calls.deallocate()
  }

  /// A tensor's memory; nil when it has none in this segment.
  func slot(of tensor: TensorID) -> OperandSlot? {
    if let cell = strings[tensor] { return OperandSlot(strings: cell) }
    return placement[tensor].map { arena.slot(offset: $0.offset, count: $0.byteCount) }
  }

  /// Runs all steps.
  func invoke(_ context: ExecutionContext, _ graph: Graph, profiler: Profiler?) throws(ModelError) {
    guard let base = unsafe slots.baseAddress.map({ unsafe UnsafePointer($0) }) else { return }
    // One for all steps, so that the context's references are counted once.
    var operands = unsafe Operands(slots: base, inputCount: 0, outputCount: 0, context: context)
    for index in steps.indices {
      do throws(OperatorError) { try context.checkStop() } catch {
        throw ModelError(error, at: graph.location(of: steps[index].node))
      }
      let start = profiler == nil ? 0 : ExecutionContext.now()
      if let function = unsafe calls[index].function {
        unsafe operands.turn(
          to: base + calls[index].slot, inputCount: calls[index].inputCount, outputCount: calls[index].outputCount)
        let failure: OperatorError? = unsafe function._withUnsafeGuaranteedRef { function in
          do throws(OperatorError) {
            try function.invoke(operands)
            return nil
          } catch {
            return error
          }
        }
        if let failure {
          throw steps[index].call?.failure ?? ModelError(failure, at: graph.location(of: steps[index].node))
        }
      } else {
        try invokeRegion(steps[index], context, graph, profiler: profiler)
      }
      if let profiler { profiler.record(steps[index], from: start, to: ExecutionContext.now()) }
    }
  }

  private func invokeRegion(
    _ step: Step, _ context: ExecutionContext, _ graph: Graph, profiler: Profiler?
  ) throws(ModelError) {
    guard case .region(let region) = step.action else { return }
    do throws(DelegateError) {
      if let profiler {
        try region.invoke(context) { position, start, end in
          guard step.members.indices.contains(position) else { return }
          let node = step.members[position]
          profiler.record(node: node, name: graph.nodes[node].name, from: start, to: end)
        }
      } else {
        try region.invoke(context)
      }
    } catch {
      throw ModelError(.delegate, error.description, at: graph.location(of: step.node))
    }
    do throws(OperatorError) { try context.checkStop() } catch {
      throw ModelError(error, at: graph.location(of: step.node))
    }
  }
}

extension Graph {
  /// Where in the model a node stands, for errors.
  func location(of node: Int) -> ModelError.Location {
    let node = nodes[node]
    return ModelError.Location(
      subgraph: node.origin.subgraph, operatorIndex: node.origin.index, operatorName: node.name)
  }

  /// For each node, the nodes of `range` that must run after it (numbers counted from the range's start): those that read its outputs, and
  /// the next one that uses a variable it uses, or that is not pure as it is not.
  func successors(in range: Range<Int>) -> [[Int]] {
    // The node that wrote each tensor; of variables, the last that used it.
    var producer = [Int](repeating: -1, count: tensors.count)
    var result = [[Int]](repeating: [], count: range.count)
    func connect(_ first: Int, _ second: Int) {
      if first >= 0, first != second, result[first].last != second { result[first].append(second) }
    }
    var lastImpure = -1
    for index in range {
      let position = index - range.lowerBound
      for case let id? in nodes[index].inputs {
        connect(producer[id.index], position)
        if tensors[id.index].isVariable { producer[id.index] = position }
      }
      if case .success(let operation) = nodes[index].implementation, !operation.isPure {
        connect(lastImpure, position)
        lastImpure = position
      }
      for id in nodes[index].outputs {
        if tensors[id.index].isVariable { connect(producer[id.index], position) }
        producer[id.index] = position
      }
    }
    return result
  }
}
