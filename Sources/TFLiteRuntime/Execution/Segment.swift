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
  /// What a profile calls the step.
  var name: String
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
  /// Output shapes of the first node, which decide whether the segment can be used again.
  let firstShapes: [Shape]
  let slots: UnsafeMutableBufferPointer<OperandSlot>
  /// Constants that were computed while shapes were resolved; steps point into them.
  let values: [TensorID: Constant]

  init(
    nodes: Range<Int>, steps: [Step], arena: Arena, plan: ArenaPlan,
    placement: [TensorID: (offset: Int, byteCount: Int)], firstShapes: [Shape], slots: [OperandSlot],
    values: [TensorID: Constant]
  ) {
    self.nodes = nodes
    self.steps = steps
    self.arena = arena
    self.plan = plan
    self.placement = placement
    self.firstShapes = firstShapes
    self.values = values
    let memory = UnsafeMutableBufferPointer<OperandSlot>.allocate(capacity: slots.count)
    _ = unsafe memory.initialize(from: slots)
    unsafe self.slots = memory
  }

  deinit { unsafe slots.deallocate() }

  /// A tensor's memory; nil when it has none in this segment.
  func slot(of tensor: TensorID) -> OperandSlot? {
    placement[tensor].map { arena.slot(offset: $0.offset, count: $0.byteCount) }
  }

  /// Runs all steps.
  func invoke(_ context: ExecutionContext, _ graph: Graph, profiler: Profiler?) throws(ModelError) {
    for step in steps {
      do throws(OperatorError) { try context.checkStop() } catch {
        throw ModelError(error, at: graph.location(of: step.node))
      }
      let start = profiler == nil ? 0 : ExecutionContext.now()
      switch step.action {
      case .kernel(let invoke):
        guard let base = unsafe slots.baseAddress else { continue }
        let operands = unsafe Operands(
          slots: base + step.slot, inputCount: step.inputCount, outputCount: step.outputCount, context: context)
        do throws(OperatorError) { try invoke(operands) } catch {
          throw ModelError(error, at: graph.location(of: step.node))
        }
      case .region(let region):
        do throws(DelegateError) { try region.invoke(context) } catch {
          throw ModelError(.delegate, error.description, at: graph.location(of: step.node))
        }
        do throws(OperatorError) { try context.checkStop() } catch {
          throw ModelError(error, at: graph.location(of: step.node))
        }
      }
      profiler?.record(step, nanoseconds: ExecutionContext.now() - start)
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

  /// For each node, the nodes of `range` that read its outputs (numbers counted from the range's start).
  func successors(in range: Range<Int>) -> [[Int]] {
    var producer = [Int](repeating: -1, count: tensors.count)
    for index in range { for id in nodes[index].outputs { producer[id.index] = index - range.lowerBound } }
    var result = [[Int]](repeating: [], count: range.count)
    for index in range {
      for case let id? in nodes[index].inputs where producer[id.index] >= 0 {
        let position = index - range.lowerBound
        if producer[id.index] != position, result[producer[id.index]].last != position {
          result[producer[id.index]].append(position)
        }
      }
    }
    return result
  }
}
