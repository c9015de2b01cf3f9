import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct NonMaxSuppressionV5Tests {
  private func select(
    _ boxes: [Float], _ scores: [Float], limit: Int32, overlap: Float, threshold: Float, sigma: Float
  ) throws -> (indices: [Int32], scores: [Float], count: Int) {
    let result = try run(
      NonMaxSuppressionV5(options: .defaults),
      [
        TestTensor(boxes, [boxes.count / 4, 4]), TestTensor(scores), TestTensor([limit], []), TestTensor([overlap], []),
        TestTensor([threshold], []), TestTensor([sigma], []),
      ], outputs: [(.int32, .none), (.float32, .none), (.int32, .none)])
    return (result[0].values(), result[1].floats, Int(result[2].values(Int32.self)[0]))
  }

  @Test(arguments: [0, 1, 2, 3, 5, 17, 60]) func lowersScores(count: Int) throws {
    for (limit, overlap, threshold, sigma) in [
      (100, 0.3, 0, 0.5), (4, 0.7, 0.1, 0.2), (0, 0.5, 0, 0.5), (30, 1, 0.3, 0.5), (30, 0.4, 0, 0),
    ] as [(Int, Float, Float, Float)] {
      let oracle = SuppressionOracle.random(count, seed: UInt64(count) + 50)
      let expected = oracle.select(limit: limit, overlap: overlap, threshold: threshold, sigma: sigma)
      let result = try select(
        oracle.boxes.flatMap { $0 }, oracle.scores, limit: Int32(limit), overlap: overlap, threshold: threshold,
        sigma: sigma)
      let rest = limit - expected.count
      #expect(result.count == expected.count)
      #expect(result.indices == expected.map { Int32($0.0) } + [Int32](repeating: 0, count: rest))
      expectClose(result.scores, expected.map(\.1) + [Float](repeating: 0, count: rest), tolerance: 1e-5)
    }
  }

  @Test func refusesNegativeSigma() throws {
    #expect(throws: OperatorError.self) {
      try select([0, 0, 1, 1], [1], limit: 1, overlap: 0.5, threshold: 0, sigma: -0.1)
    }
  }

  @Test func refusesOtherOutputs() throws {
    let scalar = try TestTensor([0.5] as [Float], [])
    #expect(throws: OperatorError.self) {
      try run(
        NonMaxSuppressionV5(options: .defaults),
        [
          TestTensor([0, 0, 1, 1] as [Float], [1, 4]), TestTensor([1] as [Float]), TestTensor([1] as [Int32], []),
          scalar,
          scalar, TestTensor([1] as [Int32], []),
        ], outputs: [(.int32, .none), (.float32, .none), (.int32, .none)])
    }
    #expect(throws: OperatorError.self) {
      try run(
        NonMaxSuppressionV5(options: .defaults),
        [
          TestTensor([0, 0, 1, 1] as [Float], [1, 4]), TestTensor([1] as [Float]), TestTensor([1] as [Int32], []),
          scalar,
          scalar, scalar,
        ], outputs: [(.int32, .none), (.int32, .none)])
    }
  }
}
