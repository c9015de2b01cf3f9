import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct EmbeddingLookupSparseTests {
  private func look(
    _ combiner: Int8, rows: [Int32], places: [Int32], rank: Int, shape: [Int32], weights: [Float], table: TestTensor
  ) throws -> TestTensor {
    try run(
      EmbeddingLookupSparse(options: .table([0: .int8(combiner)])),
      [
        TestTensor(rows), TestTensor(places, [rows.count, rank]), TestTensor(shape), TestTensor(weights), table,
      ], outputs: [(.float32, .none)])[0]
  }

  @Test(arguments: [0, 1, 2] as [Int8]) func combinesRows(combiner: Int8) throws {
    var generator = SeededGenerator(seed: 8)
    for length in [1, 3, 4, 5, 11] {
      let table = generator.floats(4 * length)
      let buckets = [0, 0, 2, 3, 3, 3]
      let rows: [Int32] = [3, 0, 1, 2, 2, 1]
      let weights = generator.floats(6, in: 0.1...2)
      let places: [Int32] = buckets.flatMap { bucket -> [Int32] in [Int32(bucket / 2), Int32(bucket % 2), 0] }
      let result = try look(
        combiner, rows: rows, places: places, rank: 3, shape: [2, 2, 9], weights: weights,
        table: TestTensor(table, [4, length]))
      #expect(result.type.shape.dimensions == [2, 2, length])
      let expected = (0..<4 * length).map { place -> Float in
        let items = buckets.indices.filter { buckets[$0] == place / length }
        if items.isEmpty { return 0 }
        let sum = items.reduce(Double(0)) { $0 + Double(weights[$1] * table[Int(rows[$1]) * length + place % length]) }
        let total = items.reduce(Double(0)) { $0 + Double(weights[$1]) }
        let squares = items.reduce(Double(0)) { $0 + Double(weights[$1] * weights[$1]) }
        return Float(combiner == 0 ? sum : combiner == 1 ? sum / total : sum / squares.squareRoot())
      }
      expectClose(result.floats, expected, tolerance: 1e-5)
    }
  }

  @Test func aTableOfMatricesAndARankOfOne() throws {
    let result = try look(
      0, rows: [1, 0], places: [4, 7], rank: 1, shape: [9], weights: [1, 2],
      table: TestTensor([1, 2, 3, 4, 5, 6, 7, 8] as [Float], [2, 2, 2]))
    #expect(result.type.shape.dimensions == [2, 2])
    #expect(result.floats == [7, 10, 13, 16])
  }

  @Test func takesNothing() throws {
    let table = try TestTensor([1, 2] as [Float], [1, 2])
    let none = try look(1, rows: [], places: [], rank: 2, shape: [3, 1], weights: [], table: table)
    #expect(none.floats == [Float](repeating: 0, count: 6))
    let empty = try look(1, rows: [], places: [], rank: 2, shape: [0, 1], weights: [], table: table)
    #expect(empty.type.shape.dimensions == [0, 2])
  }

  @Test func refusesWhatDoesNotFit() throws {
    let table = try TestTensor([1, 2, 3, 4] as [Float], [2, 2])
    for (rows, places, rank, shape) in [
      ([2], [0, 0], 2, [1, 1]), ([-1], [0, 0], 2, [1, 1]), ([0], [1, 0], 2, [1, 1]), ([0], [-1, 0], 2, [1, 1]),
      ([0], [0, 0], 2, [1]), ([0], [0, 0], 2, [-1, 1]), ([0], [], 0, []), ([0], [Int32.max, 0], 2, [3, 1]),
    ] as [([Int32], [Int32], Int, [Int32])] {
      #expect(throws: OperatorError.self) {
        try look(0, rows: rows, places: places, rank: rank, shape: shape, weights: [1], table: table)
      }
    }
    #expect(throws: OperatorError.self) {
      try look(0, rows: [0], places: [0, 0], rank: 2, shape: [1, 1], weights: [1, 2], table: table)
    }
    #expect(throws: OperatorError.self) {
      try look(
        0, rows: [0], places: [0, 0], rank: 2, shape: [1, 1], weights: [1],
        table: TestTensor([1, 2] as [Int32], [2, 1]))
    }
    #expect(throws: OperatorError.self) { try EmbeddingLookupSparse(options: .table([0: .int8(3)])) }
  }
}
