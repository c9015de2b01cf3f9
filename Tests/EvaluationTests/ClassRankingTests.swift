import Evaluation
import Testing

@Suite struct ClassRankingTests {
  /// The classes in order, by a stable sort of numbers from the largest, then those that are not numbers.
  private func order(_ scores: [Float]) -> [Int] {
    let numbers = scores.indices.filter { !scores[$0].isNaN }
    return numbers.sorted { (scores[$0], $1) > (scores[$1], $0) } + scores.indices.filter { scores[$0].isNaN }
  }

  @Test func `the order is that of a stable sort`() {
    let scores: [[Float]] = [
      [1], [0, 0], [3, 1, 2], [1, 3, 3, 2, 3], [-1, -.infinity, .infinity, .infinity], [.nan, 1, .nan, 2, 1],
      [-0.0, 0.0], (0..<100).map { Float($0 * 37 % 10) },
    ]
    for row in scores {
      let expected = order(row)
      #expect(ClassRanking.best(row) == expected[0])
      for (position, label) in expected.enumerated() {
        #expect(ClassRanking.rank(of: label, row) == (row[label].isNaN ? nil : position))
      }
    }
  }

  @Test func `slices count from their own start`() {
    let scores: [Float] = [9, 8, 1, 3, 2, 7]
    #expect(ClassRanking.best(scores[2..<5]) == 1)
    #expect(ClassRanking.rank(of: 0, scores[2..<5]) == 2)
  }

  @Test func `no number, no class`() {
    #expect(ClassRanking.best([Float.nan, .nan]) == nil)
    #expect(ClassRanking.best([Float]()) == nil)
  }

  @Test func `ties go to the lower index`() {
    var tally = ClassificationTally()
    let scores = [Float](repeating: 0.5, count: 6)
    for label in 0..<6 { tally.count(scores, label: label) }
    #expect(tally.samples == 6)
    #expect(tally.top1 == 1)
    #expect(tally.top5 == 5)
  }

  @Test func `scores that are not numbers are wrong and counted`() {
    var tally = ClassificationTally()
    tally.count([.nan, 1], label: 0)
    tally.count([.nan, 1], label: 1)
    tally.count([.nan, .nan], label: 1)
    #expect(tally.withoutNumber == 3)
    #expect(tally.top1 == 1)
    #expect(tally.top5 == 1)
  }

  @Test func `agreement needs a class`() {
    var agreement = ClassificationAgreement()
    agreement.count(1, 1)
    agreement.count(1, 2)
    agreement.count(nil, nil)
    #expect(agreement.samples == 3)
    #expect(agreement.same == 1)
  }
}
