/// Offsets for a problem's items.
struct Packing {
  var offsets: [Int]
  var height: Int
  /// Proven for this problem.
  var lowerBound: Int
}

/// Plans one connected part of the timeline: greedy placement, then searches at capacities between what is proven and what is known.
struct PartPlanner {
  private let problem: PlanningProblem
  /// A height that is good enough, because something else needs as much; at least 1.
  private let target: Int
  private var best: Packing

  /// Beyond this size a part is planned by greedy placement alone.
  private static let searchLimit = (items: 2048, entries: 1 << 20)
  private static let greedyWorkLimit = 150_000_000

  init(_ problem: PlanningProblem, target: Int) {
    self.problem = problem
    self.target = max(target, problem.lowerBound)
    best = Packing(offsets: [], height: Int.max, lowerBound: problem.lowerBound)
  }

  consuming func solve(_ budget: inout SearchBudget) -> Packing {
    placeGreedily()
    let entries = problem.items.reduce(0) { $0 + $1.length }
    let isSearchable =
      !problem.hasFixedOffsets && problem.items.count <= Self.searchLimit.items && entries <= Self.searchLimit.entries
    if best.height > target && isSearchable && !budget.isSpent { search(&budget) }
    return best
  }

  // MARK: Greedy

  private mutating func placeGreedily() {
    let items = problem.items
    let count = items.count
    if count > 1, count * count / 2 > Self.greedyWorkLimit {
      var skyline = SkylinePlacement(problem)
      skyline.place(problem, order: order { Double($0.size) })
      keep(skyline.offsets, skyline.height)
      return
    }
    var placement = GreedyPlacement(problem)
    let loads = problem.loads
    let orders: [((PlanningProblem.Item) -> Double, GreedyPlacement.Rule)] = [
      ({ Double($0.size) }, .bestFit),
      ({ Double($0.size) }, .firstFit),
      ({ Double($0.size) * Double($0.length) }, .bestFit),
      ({ Double($0.length) }, .firstFit),
      ({ item in -Double(item.firstSection) }, .bestFit),
      ({ item in Double(loads[item.firstSection...item.lastSection].max() ?? 0) }, .firstFit)
    ]
    var work = 0
    for (key, rule) in orders {
      placement.place(problem, order: order(key), rule: rule)
      keep(placement.offsets, placement.height)
      work += count * count / 2
      if best.height <= target || work + count * count / 2 > Self.greedyWorkLimit { return }
    }
  }

  /// Items by descending key; equal ones by descending size, then first section.
  private func order(_ key: (PlanningProblem.Item) -> Double) -> [Int] {
    let keys = problem.items.map(key)
    return problem.items.indices.sorted {
      if keys[$0] != keys[$1] { return keys[$0] > keys[$1] }
      let (a, b) = (problem.items[$0], problem.items[$1])
      return (-a.size, a.firstSection, $0) < (-b.size, b.firstSection, $1)
    }
  }

  private mutating func keep(_ offsets: [Int], _ height: Int) {
    if height < best.height {
      best.offsets = offsets
      best.height = height
    }
  }

  // MARK: Search

  /// Each way to choose among buffers, once with and once without learning; the two halves differ in which ways learn.
  private static let preferences: [CapacitySearch.Preference] = [false, true].flatMap { learns in
    [
      .init(size: 1, length: 0, load: 0, noise: 0, learns: learns),
      .init(size: 0, length: 1, load: 0, noise: 0, learns: !learns),
      .init(size: 1, length: 1, load: 0, noise: 0, learns: learns),
      .init(size: 0.1, length: 1, load: 10, noise: 0, learns: !learns)
    ]
  }

  private struct Round {
    var index = 0
    /// Steps for one run.
    var stepLimit: Int

    mutating func advance() {
      index += 1
      stepLimit = min(2 * stepLimit, 1 << 40)
    }
  }

  /// Enough to place every buffer a few times: placing one visits all that share a section with it.
  private static func firstStepLimit(_ problem: PlanningProblem) -> Int {
    var changes = [Int](repeating: 0, count: problem.sectionCount + 1)
    for item in problem.items {
      changes[item.firstSection] += 1
      changes[item.lastSection + 1] -= 1
    }
    var live = 0
    var visits = 0
    for change in changes {
      live += change
      visits += live * (3 * live + 30)
    }
    return max(100_000, visits)
  }

  /// Rounds of runs, each run with twice the steps of the round before: the lowest capacity first, then bisection up to the best height.
  private mutating func search(_ budget: inout SearchBudget) {
    var search = CapacitySearch(problem)
    var random = SplitMix64(seed: 1)
    var round = Round(stepLimit: Self.firstStepLimit(problem))
    while best.height > max(target, best.lowerBound), !budget.isSpent {
      var low = max(target, best.lowerBound)
      _ = attempt(low, Self.preferences[...], round, &search, &random, &budget)
      let half = round.index % 2 == 0 ? Self.preferences.prefix(4) : Self.preferences.suffix(4)
      while best.height > max(target, best.lowerBound), !budget.isSpent {
        let middle = problem.floorToGranule(low + (best.height - low) / 2)
        let tolerance = max(problem.granule, low >> (7 + round.index))
        if middle <= low || best.height - low <= tolerance { break }
        if !attempt(middle, half, round, &search, &random, &budget) { low = max(middle, best.lowerBound) }
      }
      round.advance()
    }
  }

  /// Searches at one capacity with one preference after the other. True if that led to a better packing.
  private mutating func attempt(
    _ capacity: Int, _ preferences: ArraySlice<CapacitySearch.Preference>, _ round: Round,
    _ search: inout CapacitySearch, _ random: inout SplitMix64, _ budget: inout SearchBudget
  ) -> Bool {
    for var preference in preferences {
      if budget.isSpent { return false }
      preference.noise = round.index == 0 ? 0 : 2 * random.fraction()
      let before = search.steps
      let outcome = search.solve(
        capacity: capacity, preference: preference, stepLimit: min(round.stepLimit, budget.steps),
        deadline: budget.deadline, random: &random)
      budget.steps -= search.steps - before
      switch outcome {
      case .found:
        let offsets = problem.items.indices.map { search.offset(of: $0) }
        keep(offsets, zip(offsets, problem.items).reduce(0) { max($0, $1.0 + $1.1.size) })
        return true
      case .infeasible:
        best.lowerBound = max(best.lowerBound, problem.floorToGranule(capacity) + problem.granule)
        return false
      case .interrupted:
        continue
      }
    }
    return false
  }
}
