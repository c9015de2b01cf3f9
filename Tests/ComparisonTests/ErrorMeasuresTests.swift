import Comparison
import Glibc
import Testing

@Suite struct ErrorMeasuresTests {
  @Test func `known values`() throws {
    let measures = try #require(ErrorMeasures([3, 4, 0, -1], reference: [3, 4.5, 0, 1]))
    #expect(measures.count == 4 && measures.unequal == 2 && measures.incomparable == 0)
    #expect(measures.maximumAbsolute == 2)
    #expect(abs(measures.meanAbsolute - 2.5 / 4) < 1e-15)
    #expect(measures.magnitude == 4.5)
    #expect(abs(measures.relative - 2 / 4.5) < 1e-15)
    // 9 + 20.25 + 1 against 0.25 + 4.
    #expect(abs(measures.signalToNoise - 10 * log10(30.25 / 4.25)) < 1e-12)
    #expect(abs(measures.cosine - (9 + 18 - 1) / (26.0.squareRoot() * 30.25.squareRoot())) < 1e-15)
  }

  @Test(
    arguments: [[], [0], [1, -2, .infinity, .nan, -.infinity], [.leastNonzeroMagnitude], [1.7e308, -1.7e308]]
      as [[Double]])
  func `what is the same has no error`(values: [Double]) throws {
    let measures = try #require(ErrorMeasures(values, reference: values))
    #expect(measures.count == values.count && measures.unequal == 0 && measures.relative == 0)
    #expect(measures.maximumAbsolute == 0 && measures.meanAbsolute == 0)
    #expect(measures.signalToNoise == .infinity && measures.cosine == 1)
  }

  @Test(
    arguments: [
      (.nan, 1), (1, .nan), (.infinity, 1), (1, -.infinity), (.infinity, -.infinity), (.nan, .infinity),
    ] as [(Double, Double)])
  func `what cannot be compared is an infinite error`(value: Double, reference: Double) throws {
    let measures = try #require(ErrorMeasures([2, value], reference: [2, reference]))
    #expect(measures.unequal == 1 && measures.incomparable == 1)
    #expect(measures.maximumAbsolute == .infinity && measures.meanAbsolute == .infinity)
    #expect(measures.relative == .infinity)
    #expect(measures.signalToNoise == .infinity && measures.cosine == 1)
  }

  @Test func `a reference of zeros`() throws {
    let measures = try #require(ErrorMeasures([0, 1], reference: [0, 0]))
    #expect(measures.relative == .infinity && measures.maximumAbsolute == 1)
    #expect(measures.signalToNoise == -.infinity && measures.cosine == 0)
    let vanished = try #require(ErrorMeasures([0, 0], reference: [0, 1]))
    #expect(vanished.relative == 1 && vanished.signalToNoise == 0 && vanished.cosine == 0)
  }

  @Test(arguments: [1e-300, 1e-160, 1, 1e160, 1e300])
  func `the scale does not matter`(scale: Double) throws {
    let plain = try #require(ErrorMeasures([1, 2, 4], reference: [1, 3, 4]))
    let scaled = try #require(
      ErrorMeasures([1, 2, 4].map { $0 * scale }, reference: [1, 3, 4].map { $0 * scale }))
    #expect(abs(scaled.signalToNoise - plain.signalToNoise) < 1e-9)
    #expect(abs(scaled.cosine - plain.cosine) < 1e-12)
    #expect(abs(scaled.relative - plain.relative) < 1e-12)
    #expect(abs(scaled.meanAbsolute / scale - plain.meanAbsolute) < 1e-12)
  }

  @Test func `opposite and orthogonal vectors`() throws {
    #expect(try #require(ErrorMeasures([-1, -2], reference: [1, 2])).cosine + 1 < 1e-15)
    #expect(try #require(ErrorMeasures([0, 2], reference: [1, 0])).cosine == 0)
  }

  @Test func `different numbers of elements have no measures`() {
    #expect(ErrorMeasures([1], reference: []) == nil)
    #expect(ErrorMeasures([1], reference: [1, 2]) == nil)
  }
}
