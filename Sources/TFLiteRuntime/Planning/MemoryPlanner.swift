/// Finds offsets for the buffers of an arena so that buffers live at the same time never share a byte, in as few bytes as it can.
///
/// Greedy placement in several orders comes first and is all that most networks need: where it reaches the bytes live at one step, the
/// plan is proven optimal. Otherwise a branch and bound search tries ever larger budgets on capacities between the bound and the best
/// plan. The same buffers and effort give the same plan unless the time limit strikes. Safe to call from any thread.
public enum MemoryPlanner {
  /// How hard to try.
  public enum Effort: Sendable, Hashable {
    /// Only greedy placement: a couple of milliseconds for a thousand buffers.
    case greedy
    /// Search where greedy placement is not proven optimal. A step is the visit of one buffer at one point in time; a core makes 200 to
    /// 300 million a second. The search also ends at the time limit, if there is one; then the plan depends on the machine's speed.
    case search(stepLimit: Int, timeLimit: Duration?)

    /// Up to 500 million steps or two seconds, whichever ends first.
    public static let standard = Effort.search(stepLimit: 500_000_000, timeLimit: .seconds(2))

    /// This effort where a model waits for the plan, because a shape depends on a value that was just computed: at most ten milliseconds.
    var whileRunning: Effort {
      guard case .search(let stepLimit, let timeLimit) = self else { return self }
      return .search(
        stepLimit: min(stepLimit, 1_000_000), timeLimit: min(timeLimit ?? .milliseconds(10), .milliseconds(10)))
    }
  }

  /// Plans an arena.
  ///
  /// - Parameters:
  ///   - buffers: Any number of buffers in any order. Buffers of size 0 get offset 0 (or the one they ask for).
  ///   - effort: The limit on the search.
  /// - Returns: A plan that `MemoryPlanValidator` accepts; its `lowerBound` tells how good it is.
  /// - Throws: The first thing that is wrong with the buffers.
  public static func plan(_ buffers: [ArenaBuffer], effort: Effort = .standard) throws(PlanningError) -> ArenaPlan {
    let problem = try PlanningProblem(buffers)
    var plan = ArenaPlan(offsets: buffers.map { $0.fixedOffset ?? 0 }, bytes: 0, lowerBound: problem.lowerBound)
    var budget = SearchBudget(effort)
    // Parts that no buffer connects in time share the arena one after the other. No part has to be smaller than the largest bound.
    for part in problem.parts() {
      let packing = PartPlanner(part, target: max(problem.lowerBound, plan.bytes)).solve(&budget)
      for (index, offset) in packing.offsets.enumerated() { plan.offsets[part.sources[index]] = offset }
      plan.bytes = max(plan.bytes, packing.height)
      plan.lowerBound = max(plan.lowerBound, packing.lowerBound)
    }
    return plan
  }
}

/// What is left of the effort.
struct SearchBudget {
  var steps: Int
  let deadline: ContinuousClock.Instant?

  init(_ effort: MemoryPlanner.Effort) {
    switch effort {
    case .greedy:
      steps = 0
      deadline = nil
    case .search(let stepLimit, let timeLimit):
      steps = max(stepLimit, 0)
      deadline = timeLimit.map { ContinuousClock.now.advanced(by: $0) }
    }
  }

  var isSpent: Bool {
    if steps <= 0 { return true }
    guard let deadline else { return false }
    return ContinuousClock.now >= deadline
  }
}
