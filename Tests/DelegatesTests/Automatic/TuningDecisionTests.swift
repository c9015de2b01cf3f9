import TFLiteRuntime
import Testing

@testable import Delegates

@Suite struct TuningDecisionTests {
  @Test func theFasterSingleDelegateIsTaken() {
    #expect(TuningDecision.choose([[10, 11, 12], [9, 9, 30]]) == 1)
    #expect(TuningDecision.choose([[9, 9, 30], [10, 11, 12]]) == 0)
    #expect(TuningDecision.choose([[10], [10]]) == 0)
    #expect(TuningDecision.choose([[10]]) == 0)
  }

  @Test func aMixtureMustBeClearlyFaster() {
    let singles: [[UInt64]] = [[1000, 1000, 1000, 1000], [2000, 2000, 2000, 2000]]
    #expect(TuningDecision.choose(singles + [[985, 985, 985, 985]]) == 0)
    #expect(TuningDecision.choose(singles + [[975, 975, 975, 975]]) == 2)
    #expect(TuningDecision.choose(singles + [[975, 975, 975, 975], [900, 900, 900, 900]]) == 3)
    #expect(TuningDecision.choose(singles + [[900, 900, 900, 900], [975, 975, 975, 975]]) == 2)
    // Faster in half of the rounds only.
    #expect(TuningDecision.choose(singles + [[500, 500, 1100, 1100]]) == 0)
    #expect(TuningDecision.choose(singles + [[500, 500, 500, 1100]]) == 2)
  }

  @Test func aMixtureNeedsRounds() {
    #expect(TuningDecision.choose([[1000, 1000], [2000, 2000], [1, 1]]) == 0)
    #expect(TuningDecision.choose([[1000, 1000, 1000], [2000, 2000, 2000], [1, 1, 1]]) == 2)
  }

  @Test func medians() {
    #expect(TuningDecision.median([]) == 0)
    #expect(TuningDecision.median([7]) == 7)
    #expect(TuningDecision.median([9, 1, 5]) == 5)
    #expect(TuningDecision.median([9, 1, 5, 7]) == 5)
  }

  @Test func mixturesFollowTheTimesOfOperators() {
    let kernels: [Int: UInt64] = [0: 10, 1: 10, 2: 10, 4: 50, 5: 1]
    // By region the second goes; by operator 1 and 5.
    let mixtures = TuningDecision.mixtures(
      regions: [[0, 1, 2], [4, 5]], builtin: kernels, delegated: [0: 1, 1: 20, 2: 1, 4: 10, 5: 70],
      regionTimes: [22, 80])
    #expect(mixtures == [[4, 5], [1, 5]])
  }

  @Test func allOrNothingIsNoMixture() {
    let kernels: [Int: UInt64] = [0: 10, 1: 10]
    #expect(
      TuningDecision.mixtures(regions: [[0, 1]], builtin: kernels, delegated: [0: 1, 1: 1], regionTimes: [2]).isEmpty)
    #expect(
      TuningDecision.mixtures(regions: [[0, 1]], builtin: kernels, delegated: [0: 90, 1: 90], regionTimes: [180])
        .isEmpty)
    // The same by region and by operator is measured once.
    #expect(
      TuningDecision.mixtures(regions: [[0], [1]], builtin: kernels, delegated: [0: 1, 1: 90], regionTimes: [1, 90])
        == [[1]])
    // A delegate that does not tell is judged by region.
    #expect(
      TuningDecision.mixtures(regions: [[0], [1]], builtin: kernels, delegated: [:], regionTimes: [1, 90]) == [[1]])
    #expect(TuningDecision.mixtures(regions: [], builtin: [:], delegated: [:], regionTimes: []).isEmpty)
  }
}
