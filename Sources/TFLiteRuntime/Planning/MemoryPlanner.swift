public enum MemoryPlanner {
  public static func plan(_ buffers: [ArenaBuffer]) throws(PlanningError) -> ArenaPlan {
    let problem = try PlanningProblem(buffers)
    var greedy = GreedyPlacement(problem)
    let order = problem.items.indices.sorted { (-problem.items[$0].size, $0) < (-problem.items[$1].size, $1) }
    greedy.place(problem, order: order, rule: .bestFit)
    return ArenaPlan(offsets: greedy.offsets, bytes: greedy.height, lowerBound: problem.lowerBound)
  }
  public static func probe(_ buffers: [ArenaBuffer], slack: Double = 0) throws(PlanningError) -> String {
    let problem = try PlanningProblem(buffers)
    var search = CapacitySearch(problem)
    var random = SplitMix64(seed: 1)
    let clock = ContinuousClock()
    let t0 = clock.now
    let log = ""
    let prefs: [CapacitySearch.Preference] = [
      .init(size: 1, length: 0, load: 0, noise: 0),
      .init(size: 0, length: 1, load: 0, noise: 0),
      .init(size: 1, length: 1, load: 0, noise: 0),
      .init(size: 0.1, length: 1, load: 10, noise: 0),
    ]
    var limit = 1_000_000
    let cap = Int(Double(problem.lowerBound) * (1 + slack))
    for round in 0..<6 {
      for (i, p) in prefs.enumerated() {
        var p = p
        p.noise = round == 0 ? 0 : Double(round) / 2
        let outcome = search.solve(capacity: cap, preference: p, stepLimit: limit, random: &random)
        if case .interrupted = outcome { continue }
        return log + "\(outcome) round \(round) pref \(i) steps \(search.steps) t \(clock.now - t0)"
      }
      limit *= 2
    }
    return log + "none steps \(search.steps) t \(clock.now - t0)"
  }
}
