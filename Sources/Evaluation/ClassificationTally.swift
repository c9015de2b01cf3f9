/// How often a classifier was right.
package struct ClassificationTally: Sendable, Hashable {
  /// Samples seen.
  package private(set) var samples = 0
  /// Samples whose label has the highest score.
  package private(set) var top1 = 0
  /// Samples whose label is among the five highest scores.
  package private(set) var top5 = 0
  /// Samples of which a score is not a number.
  package private(set) var withoutNumber = 0

  package init() {}

  /// Counts a sample's scores, one for each class; `label` is one of them.
  package mutating func count(_ scores: some Collection<Float>, label: Int) {
    samples += 1
    if scores.contains(where: \.isNaN) { withoutNumber += 1 }
    guard let rank = ClassRanking.rank(of: label, scores) else { return }
    if rank < 1 { top1 += 1 }
    if rank < 5 { top5 += 1 }
  }
}

/// How often two classifiers gave a sample the same class.
package struct ClassificationAgreement: Sendable, Hashable {
  package private(set) var samples = 0
  package private(set) var same = 0

  package init() {}

  /// Counts a sample; nil is a classifier that had no score to choose by, which agrees with nobody.
  package mutating func count(_ first: Int?, _ second: Int?) {
    samples += 1
    if let first, first == second { same += 1 }
  }
}
