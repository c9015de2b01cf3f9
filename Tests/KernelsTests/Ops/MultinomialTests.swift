import Foundation
import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct MultinomialTests {
  private func operation(_ seed: Int64 = 3, _ seed2: Int64 = 4) throws -> Multinomial {
    try Multinomial(options: .table([0: .int64(seed), 1: .int64(seed2)]))
  }

  private func draw(_ logits: [Float], batch: Int, samples: Int32, times: Int = 1, wide: Bool = false) throws -> [[Int]]
  {
    let results = try invoke(
      operation(), [TestTensor(logits, [batch, logits.count / batch]), TestTensor([samples], [])],
      output: wide ? .int64 : .int32, times: times)
    return results.map { wide ? $0.values(Int64.self).map { Int($0) } : $0.values(Int32.self).map { Int($0) } }
  }

  @Test(arguments: [1, 2, 3, 5, 16]) func followsTheDefinition(samples: Int) throws {
    let logits: [Float] = [0.5, -1, 2, .infinity, 0, 1, 1, -.infinity, .nan, 3]
    let results = try draw(logits, batch: 2, samples: Int32(samples), times: 3)
    #expect(try draw(logits, batch: 2, samples: Int32(samples), times: 3, wide: true) == results)
    for (step, result) in results.enumerated() {
      let first = UInt64(step) * 2 * UInt64((samples + 3) / 4 * 4) * 512
      for place in result.indices {
        let row = logits[place / samples * 5..<place / samples * 5 + 5].map { Double($0) }
        let largest = row.filter(\.isFinite).max() ?? 0
        let weights = row.map { $0.isFinite ? exp($0 - largest) : 0 }
        let bits = PhiloxVectors.block(seed: 3, seed2: 4, index: first + UInt64(place / 2))
        let pair = (UInt64(bits[2 * (place % 2)]), UInt64(bits[2 * (place % 2) + 1]))
        let uniform = Double((pair.0 & 0xF_FFFF) << 32 | pair.1) / Double(1 << 52 as UInt64)
        var rest = uniform * weights.reduce(0, +)
        var expected = 0
        while expected < 4, rest >= weights[expected] {
          rest -= weights[expected]
          expected += 1
        }
        #expect(result[place] == expected)
        #expect(weights[result[place]] > 0)
      }
    }
  }

  @Test func drawsByProbability() throws {
    let result = try draw([Float(log(0.25)), Float(log(0.75))], batch: 1, samples: 20_000)[0]
    #expect(abs(Double(result.reduce(0, +)) / 20_000 - 0.75) < 0.02)
  }

  @Test func takesNoSamplesAndNoBatch() throws {
    #expect(try draw([1, 2], batch: 1, samples: 0)[0].isEmpty)
    let empty = try invoke(
      operation(), [TestTensor([Float](), [0, 3]), TestTensor([2] as [Int32], [])], output: .int32, times: 1)
    #expect(empty[0].type.shape.dimensions == [0, 2])
    // Nothing can be drawn when no logit is finite: the place behind the last class, as in TFLite.
    #expect(try draw([.nan, .infinity], batch: 1, samples: 2)[0] == [2, 2])
  }

  @Test func refusesWhatDoesNotFit() throws {
    #expect(throws: OperatorError.self) { try draw([1, 2], batch: 1, samples: -1) }
    let one = try TestTensor([1] as [Int32], [])
    let bad: [[TestTensor?]] = [
      [try TestTensor([1] as [Float]), one], [try TestTensor([1] as [Double], [1, 1]), one],
      [try TestTensor([Float](), [1, 0]), one],
      [try TestTensor([1] as [Float], [1, 1]), try TestTensor([1] as [Int32])],
      [try TestTensor([1] as [Float], [1, 1]), try TestTensor([1] as [Int64], [])],
      [try TestTensor([1] as [Float], [1, 1]), nil],
    ]
    for inputs in bad {
      #expect(throws: OperatorError.self) { try run(operation(), inputs, outputs: [(.int32, .none)]) }
    }
    #expect(throws: OperatorError.self) {
      try run(operation(), [TestTensor([1] as [Float], [1, 1]), one], outputs: [(.float32, .none)])
    }
  }
}
