import Comparison
import Testing

/// SplitMix64.
private struct Generator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

@Suite struct MedianRatioTests {
  @Test func `percentiles are interpolated`() {
    let samples = InterleavedSamples([[4, 1], [3], [2]])
    #expect(samples.sorted == [1, 2, 3, 4])
    #expect(samples.percentile(0) == 1 && samples.percentile(1) == 4 && samples.percentile(0.5) == 2.5)
    #expect(abs(samples.percentile(0.9) - 3.7) < 1e-12)
    #expect(InterleavedSamples([[7]]).percentile(0.99) == 7)
    #expect(InterleavedSamples([]).percentile(0.5).isNaN)
  }

  @Test func `a constant ratio has an interval of no width, however the rounds differ`() throws {
    var generator = Generator(state: 1)
    let rounds = (1...20).map { round in (0..<5).map { _ in Double(round) } }
    let twice = rounds.map { $0.map { $0 * 2 } }
    let ratio = try #require(
      MedianRatio(InterleavedSamples(twice), baseline: InterleavedSamples(rounds), using: &generator))
    #expect(ratio.ratio == 2 && ratio.lower == 2 && ratio.upper == 2)
  }

  @Test func `one round draws only itself`() throws {
    var generator = Generator(state: 1)
    let ratio = try #require(
      MedianRatio(InterleavedSamples([[1, 2]]), baseline: InterleavedSamples([[3, 1, 2]]), using: &generator))
    #expect(ratio == MedianRatio(InterleavedSamples([[1, 2]]), baseline: InterleavedSamples([[2]]), using: &generator))
    #expect(ratio.ratio == 0.75 && ratio.lower == 0.75 && ratio.upper == 0.75)
  }

  @Test func `the interval holds the true ratio about as often as it says`() throws {
    var generator = Generator(state: 42)
    var held = 0
    for _ in 0..<100 {
      func rounds(_ median: Double, _ noise: [Double], _ generator: inout Generator) -> InterleavedSamples {
        InterleavedSamples(
          noise.map { common in
            (0..<4).map { _ in median * common * Double.random(in: 0.8...1.2, using: &generator) }
          })
      }
      let common = (0..<25).map { _ in Double.random(in: 0.9...1.1, using: &generator) }
      let baseline = rounds(100, common, &generator)
      let other = rounds(130, common, &generator)
      let ratio = try #require(MedianRatio(other, baseline: baseline, resamples: 200, using: &generator))
      #expect(ratio.lower <= ratio.upper)
      if ratio.lower <= 1.3, ratio.upper >= 1.3 { held += 1 }
    }
    #expect((86...100).contains(held), "\(held) of 100")
  }

  @Test func `without samples there is no ratio`() {
    var generator = Generator(state: 1)
    let some = InterleavedSamples([[1]])
    #expect(MedianRatio(InterleavedSamples([[]]), baseline: some, using: &generator) == nil)
    #expect(MedianRatio(some, baseline: InterleavedSamples([[1], [1]]), using: &generator) == nil)
  }
}
