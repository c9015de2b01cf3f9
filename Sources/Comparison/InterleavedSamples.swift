/// Durations (or other positive numbers) of one configuration, measured in rounds in which every configuration has its turn.
package struct InterleavedSamples: Sendable {
  /// The samples of each round.
  package let rounds: [[Double]]
  /// All samples, the least first.
  package let sorted: [Double]
  /// The round that each of ``sorted`` comes from.
  private let labels: [Int]

  /// - Precondition for everything but ``sorted``: there is at least one sample.
  package init(_ rounds: [[Double]]) {
    self.rounds = rounds
    let samples = rounds.enumerated().flatMap { round, values in values.map { (value: $0, round: round) } }
      .sorted { $0.value < $1.value }
    sorted = samples.map(\.value)
    labels = samples.map(\.round)
  }

  /// The value below which a fraction of the samples lies, interpolated between neighbours; not a number where there are none.
  package func percentile(_ fraction: Double) -> Double {
    guard let last = sorted.last else { return .nan }
    let position = min(max(fraction, 0), 1) * Double(sorted.count - 1)
    let index = Int(position)
    guard index + 1 < sorted.count else { return last }
    return sorted[index] + (sorted[index + 1] - sorted[index]) * (position - Double(index))
  }

  /// The median where each round counts as often as `weights` says; not a number where nothing counts.
  fileprivate func median(weights: [Int]) -> Double {
    var total = 0
    for round in rounds.indices { total += weights[round] * rounds[round].count }
    guard total > 0 else { return .nan }
    var seen = 0
    var lower: Double?
    for index in sorted.indices {
      seen += weights[labels[index]]
      // The sample at (total - 1) / 2, and the one at total / 2.
      if lower == nil, seen > (total - 1) / 2 { lower = sorted[index] }
      if let lower, seen > total / 2 { return (lower + sorted[index]) / 2 }
    }
    return .nan
  }
}

/// A ratio of medians and the interval that it lies in with a probability of 95 %.
package struct MedianRatio: Sendable, Hashable {
  package let ratio: Double
  package let lower: Double
  package let upper: Double

  /// The median of `samples` divided by that of `baseline`, which was measured in the same rounds.
  ///
  /// The interval is the percentile bootstrap's: rounds are drawn with replacement, the same ones for both, so that what slows a round for everybody
  /// does not count. nil unless both have the same number of rounds, and samples.
  package init?(
    _ samples: InterleavedSamples, baseline: InterleavedSamples, resamples: Int = 1000,
    using generator: inout some RandomNumberGenerator
  ) {
    let count = samples.rounds.count
    guard count == baseline.rounds.count, !samples.sorted.isEmpty, !baseline.sorted.isEmpty, resamples > 0 else {
      return nil
    }
    ratio = samples.percentile(0.5) / baseline.percentile(0.5)
    var ratios: [Double] = []
    for _ in 0..<resamples {
      var weights = [Int](repeating: 0, count: count)
      for _ in 0..<count { weights[Int.random(in: 0..<count, using: &generator)] += 1 }
      let drawn = samples.median(weights: weights) / baseline.median(weights: weights)
      if drawn.isFinite { ratios.append(drawn) }
    }
    let distribution = InterleavedSamples([ratios])
    lower = distribution.percentile(0.025)
    upper = distribution.percentile(0.975)
  }
}
