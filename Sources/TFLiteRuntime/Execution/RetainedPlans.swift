internal import Kernels
internal import TensorTypes

/// Plans for shapes that a graph's inputs had before, the last used last.
struct RetainedPlans {
  struct Plan {
    let inputTypes: [TensorID: TensorType]
    let builder: SegmentBuilder
    let segments: [Segment]

    var arenaBytes: Int { segments.reduce(0) { $0 + $1.plan.bytes } }
  }

  /// Bytes that the arenas of all plans may have together.
  let limit: Int
  private var plans: [Plan] = []

  init(limit: Int) { self.limit = limit }

  var isEmpty: Bool { plans.isEmpty }

  /// Keeps a plan, at least until ``take(_:)`` is asked for the next one.
  mutating func keep(_ plan: Plan) { plans.append(plan) }

  /// Hands out the plan for these inputs, if there is one. Of the others those go that were not used for the longest time, as far as they exceed the
  /// limit.
  mutating func take(_ inputTypes: [TensorID: TensorType]) -> Plan? {
    let index = plans.lastIndex { $0.inputTypes == inputTypes }
    let plan = index.map { plans.remove(at: $0) }
    var bytes = plans.reduce(0) { $0 + $1.arenaBytes }
    // Without arenas there would be no end to them.
    while bytes > limit || plans.count > Self.maximumCount { bytes -= plans.removeFirst().arenaBytes }
    return plan
  }

  private static let maximumCount = 64

  mutating func removeAll() { plans = [] }
}
