import Foundation
import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct LocalResponseNormalizationTests {
  private func operation(_ radius: Int32, _ bias: Float, _ alpha: Float, _ beta: Float) throws
    -> LocalResponseNormalization
  {
    try LocalResponseNormalization(
      options: .table([0: .int32(radius), 1: .float(bias), 2: .float(alpha), 3: .float(beta)]))
  }

  @Test(arguments: [0, 1, 3, 4, 5, 11, 35]) func normalizes(depth: Int) throws {
    var generator = SeededGenerator(seed: 9)
    let x = generator.floats(2 * 3 * 1 * depth, in: -2...2)
    for radius in [0, 1, 2, 5, 40, Int.max >> 32] {
      for beta in [0.5, 1, 0.75, -1] as [Float] {
        let result = try run(
          try operation(Int32(radius), 1, 0.25, beta), [TestTensor(x, [2, 3, 1, depth])], outputs: [(.float32, .none)],
          threads: 2)
        let expected = x.indices.map { i -> Float in
          let row = i / depth * depth
          let window = max(row, i - radius)..<min(row + depth, i + radius + 1)
          let sum = x[window].reduce(0.0) { $0 + Double($1) * Double($1) }
          return Float(Double(x[i]) / pow(1 + 0.25 * sum, Double(beta)))
        }
        expectClose(result[0].floats, expected, tolerance: 3e-6)
      }
    }
  }

  @Test func givesNaNForNegativePowersBase() throws {
    let result = try run(
      try operation(0, 0, -1, 0.75), [TestTensor([1, 2] as [Float], [1, 1, 1, 2])], outputs: [(.float32, .none)])
    expectClose(result[0].floats, [.nan, .nan])
  }

  @Test func refusesWhatItCannotTake() throws {
    #expect(throws: OperatorError.self) { try operation(-1, 1, 1, 1) }
    let vector = try TestTensor([1, 2] as [Float])
    expectRefusal(try operation(1, 1, 1, 1), [vector], outputs: [(.float32, .none)])
    let integers = try TestTensor([1, 2] as [Int32], [1, 1, 1, 2])
    expectRefusal(try operation(1, 1, 1, 1), [integers], outputs: [(.int32, .none)])
  }
}
