import Foundation
import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct RandomStandardNormalTests {
  private func operation(_ seed: Int64, _ seed2: Int64) throws -> RandomStandardNormal {
    try RandomStandardNormal(options: .table([0: .int64(seed), 1: .int64(seed2)]))
  }

  private func numbers(_ shape: [Int32], times: Int = 1, anew: Bool = false, threads: Int = 1) throws -> [[Float]] {
    try invoke(operation(42, 7), [TestTensor(shape)], output: .float32, times: times, anew: anew, threads: threads)
      .map(\.floats)
  }

  @Test(arguments: [1, 2, 3, 4, 5, 11, 130]) func followsBoxAndMuller(count: Int) throws {
    var block: UInt64 = 0
    for step in try numbers([Int32(count)], times: 2) {
      var expected: [Float] = []
      while expected.count < count {
        let bits = PhiloxVectors.block(seed: 42, seed2: 7, index: block).map { Double($0 & 0x7F_FFFF) / 0x80_0000 }
        for pair in [(bits[0], bits[1]), (bits[2], bits[3])] {
          let radius = sqrt(-2 * log(max(pair.0, 1e-7)))
          expected += [Float(radius * sin(2 * Double.pi * pair.1)), Float(radius * cos(2 * Double.pi * pair.1))]
        }
        block += 1
      }
      expectClose(step, Array(expected.prefix(count)), tolerance: 1e-6)
    }
  }

  @Test func threadsChangeNothingAndMomentsAreRight() throws {
    let one = try numbers([50_000], times: 2)
    #expect(try numbers([50_000], times: 2, anew: true, threads: 3) == one)
    let mean = one[0].reduce(0, +) / 50_000
    let variance = one[0].map { $0 * $0 }.reduce(0, +) / 50_000
    #expect(abs(mean) < 0.02 && abs(variance - 1) < 0.03)
    #expect(one[0].allSatisfy { $0.isFinite })
  }

  @Test func takesScalarsAndEmptyShapes() throws {
    #expect(try numbers([])[0].count == 1)
    #expect(try numbers([0, 4])[0].isEmpty)
    #expect(try !operation(1, 2).isPure)
  }

  @Test func refusesBadShapes() throws {
    #expect(throws: OperatorError.self) { try numbers([-1]) }
    #expect(throws: OperatorError.self) {
      try run(operation(1, 2), [TestTensor([2] as [Int32])], outputs: [(.float16, .none)])
    }
    #expect(throws: OperatorError.self) { try run(operation(1, 2), [nil], outputs: [(.float32, .none)]) }
  }
}
