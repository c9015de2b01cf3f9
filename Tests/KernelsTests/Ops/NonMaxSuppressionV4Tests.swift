import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct NonMaxSuppressionV4Tests {
  private func select(
    _ boxes: [Float], _ scores: [Float], limit: Int32, overlap: Float, threshold: Float
  ) throws -> (indices: [Int32], count: Int32) {
    let result = try run(
      NonMaxSuppressionV4(options: .defaults),
      [
        TestTensor(boxes, [boxes.count / 4, 4]), TestTensor(scores), TestTensor([limit], []), TestTensor([overlap], []),
        TestTensor([threshold], []),
      ], outputs: [(.int32, .none), (.int32, .none)])
    #expect(result[0].type.shape.dimensions == [Int(limit)])
    #expect(result[1].type.shape.rank == 0)
    return (result[0].values(), result[1].values(Int32.self)[0])
  }

  @Test(arguments: [0, 1, 2, 3, 5, 17, 60]) func selectsTheBest(count: Int) throws {
    for (limit, overlap, threshold) in [(100, 0.3, 0), (4, 0.5, 0.2), (0, 0.5, 0), (7, 1, 0.9)] as [(Int, Float, Float)]
    {
      let oracle = SuppressionOracle.random(count, seed: UInt64(count))
      let expected = oracle.select(limit: limit, overlap: overlap, threshold: threshold)
      let result = try select(
        oracle.boxes.flatMap { $0 }, oracle.scores, limit: Int32(limit), overlap: overlap, threshold: threshold)
      #expect(Int(result.count) == expected.count)
      #expect(
        result.indices == expected.map { Int32($0.0) } + [Int32](repeating: 0, count: limit - expected.count))
    }
  }

  /// TFLite's answer for nine boxes that do not touch.
  @Test func equalScoresComeInTFLitesOrder() throws {
    let boxes: [Float] = (0..<9).flatMap { index -> [Float] in [Float(index), 0, Float(index) + 1, 1] }
    let result = try select(boxes, [Float](repeating: 0.9, count: 9), limit: 6, overlap: 0.5, threshold: 0)
    #expect(result.indices == [0, 2, 6, 8, 5, 7])
  }

  /// A box without area overlaps nothing, not even itself.
  @Test func flatBoxesAreSelectedAgain() throws {
    let result = try select([0, 0, 0, 1, 0, 0, 1, 1], [0.9, 0.5], limit: 2, overlap: 0.5, threshold: 0)
    #expect(result.indices == [0, 0])
    #expect(result.count == 2)
  }

  @Test func ignoresNaN() throws {
    let boxes = [Float.nan, 0, 1, 1, 0, 0, 1, 1, 5, 5, 6, 6]
    let result = try select(boxes, [0.9, .nan, 0.5], limit: 3, overlap: 0.5, threshold: -1)
    #expect(result.count >= 1 && !result.indices.prefix(Int(result.count)).contains(1))
  }

  @Test func refusesWhatDoesNotFit() throws {
    #expect(throws: OperatorError.self) { try select([0, 0, 1, 1], [1, 1], limit: 1, overlap: 0.5, threshold: 0) }
    #expect(throws: OperatorError.self) { try select([0, 0, 1, 1], [1], limit: -1, overlap: 0.5, threshold: 0) }
    let scalar = try TestTensor([0.5] as [Float], [])
    let boxes = try TestTensor([0, 0, 1, 1] as [Float], [1, 4])
    let scores = try TestTensor([1] as [Float])
    let limit = try TestTensor([1] as [Int32], [])
    let bad: [[TestTensor?]] = [
      [try TestTensor([0, 0, 1, 1] as [Float]), scores, limit, scalar, scalar],
      [try TestTensor([0, 0, 1, 1, 1] as [Float], [1, 5]), scores, limit, scalar, scalar],
      [boxes, scores, try TestTensor([1] as [Int32]), scalar, scalar],
      [boxes, scores, try TestTensor([1] as [Int64], []), scalar, scalar],
      [boxes, scores, limit, try TestTensor([1] as [Float]), scalar],
      [boxes, scores, limit, scalar, nil], [boxes, scores, limit, scalar],
    ]
    for inputs in bad {
      #expect(throws: OperatorError.self) {
        try run(NonMaxSuppressionV4(options: .defaults), inputs, outputs: [(.int32, .none), (.int32, .none)])
      }
    }
  }
}
