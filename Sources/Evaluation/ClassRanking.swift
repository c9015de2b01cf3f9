/// Where classes stand by their scores.
///
/// Of equal scores the one of the lower index comes first, as `argmax` has it; a score that is not a number comes last.
package enum ClassRanking {
  /// The class with the highest score; nil where no score is a number.
  package static func best(_ scores: some Collection<Float>) -> Int? {
    var best: (index: Int, score: Float)?
    for (index, score) in scores.enumerated() where !score.isNaN {
      if let found = best, found.score >= score { continue }
      best = (index, score)
    }
    return best?.index
  }

  /// How many classes come before `label`; nil where the label's score is not a number.
  ///
  /// - Precondition: `label` is below the number of scores, and not negative.
  package static func rank(of label: Int, _ scores: some Collection<Float>) -> Int? {
    let own = scores[scores.index(scores.startIndex, offsetBy: label)]
    guard !own.isNaN else { return nil }
    var rank = 0
    for (index, score) in scores.enumerated() where score > own || score == own && index < label { rank += 1 }
    return rank
  }
}
