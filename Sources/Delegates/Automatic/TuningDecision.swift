/// Which of several ways to run a model is taken, from the times that were measured in rounds.
///
/// A pure function, so that equal times give equal choices.
enum TuningDecision {
  /// A mixture must need less than this share of the time of the better single delegate.
  static let mixtureShare = 0.98
  /// Rounds that a mixture must have been measured in.
  static let mixtureRounds = 3

  /// - Parameter times: for each candidate (built-in kernels, the delegate, mixtures) its time in each round, all equally many and at least one.
  /// - Returns: the candidate's index.
  static func choose(_ times: [[UInt64]]) -> Int {
    let medians = times.map(median)
    let single = medians.count > 1 && medians[1] < medians[0] ? 1 : 0
    var best = single
    for candidate in times.indices.dropFirst(2) where times[candidate].count >= mixtureRounds {
      let wins = zip(times[candidate], times[single]).count { $0 < $1 }
      guard Double(medians[candidate]) < mixtureShare * Double(medians[single]),
        4 * wins >= 3 * times[candidate].count, medians[candidate] < medians[best]
      else { continue }
      best = candidate
    }
    return best
  }

  /// The lower one of the middle two; 0 where there is nothing.
  static func median(_ values: [UInt64]) -> UInt64 {
    values.isEmpty ? 0 : values.sorted()[(values.count - 1) / 2]
  }

  /// Which of the operators that a delegate runs may be better off with the built-in kernels: the mixtures that are worth to be measured.
  ///
  /// - Parameters:
  ///   - regions: operators by region.
  ///   - builtin: time of each operator with its built-in kernel; those that need no step have none.
  ///   - delegated: time of each operator in its region, where the delegate tells.
  ///   - regionTimes: time of each region.
  /// - Returns: the sets of operators to take from the delegate, at most one by region and one by operator, without those that leave it all or nothing.
  static func mixtures(
    regions: [[Int]], builtin: [Int: UInt64], delegated: [Int: UInt64], regionTimes: [UInt64]
  ) -> [Set<Int>] {
    let all = Set(regions.joined())
    var byRegion: Set<Int> = []
    var byOperator: Set<Int> = []
    for (members, time) in zip(regions, regionTimes) {
      if members.reduce(0, { $0 + (builtin[$1] ?? 0) }) < time { byRegion.formUnion(members) }
      for node in members {
        if let kernel = builtin[node], let there = delegated[node], kernel < there { byOperator.insert(node) }
      }
    }
    var result: [Set<Int>] = []
    for mixture in [byRegion, byOperator] where !mixture.isEmpty && mixture != all && !result.contains(mixture) {
      result.append(mixture)
    }
    return result
  }
}
