import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct HashtableLookupTests {
  private func look(_ keys: [Int32], in stored: [Int32], _ table: TestTensor) throws -> [TestTensor] {
    try run(
      HashtableLookup(options: .defaults), [TestTensor(keys), TestTensor(stored), table],
      outputs: [(table.type.element, .none), (.uint8, .none)], threads: 2)
  }

  @Test(arguments: [1, 2, 3, 4, 5, 11, 100]) func findsKeys(rows: Int) throws {
    let stored = (0..<rows).map { Int32(3 * $0 - 20) }
    let keys = (-25...Int32(3 * rows)).map { $0 }
    func check<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type) throws {
      let table = (0..<rows * 3).map { T(truncatingIfNeeded: $0 + 1) }
      let result = try look(keys, in: stored, TestTensor(table, [rows, 3, 1]))
      let found = keys.map { stored.firstIndex(of: $0) }
      #expect(result[0].type.shape.dimensions == [keys.count, 3, 1])
      var expected: [T] = []
      for row in found {
        for column in 0..<3 { expected.append(row.map { table[$0 * 3 + column] } ?? 0) }
      }
      #expect(result[0].values() == expected)
      #expect(result[1].values(UInt8.self) == found.map { $0 == nil ? 0 : 1 })
    }
    try check(Int8.self)
    try check(Int16.self)
    try check(Int32.self)
    try check(Int64.self)
  }

  @Test func findsExtremeKeysOfFloats() throws {
    let result = try look([.max, 0, .min], in: [-5, 0], TestTensor([.nan, -0.0] as [Float]))
    #expect(result[0].values(UInt32.self) == [0, Float(-0.0).bitPattern, 0])
    #expect(result[1].values(UInt8.self) == [0, 1, 0])
  }

  @Test func takesEmptyLookupsAndRows() throws {
    #expect(try look([], in: [1], TestTensor([1] as [Float]))[0].type.shape.dimensions == [0])
    let result = try look([1, 2], in: [1], TestTensor([Float](), [1, 0]))
    #expect(result[1].values(UInt8.self) == [1, 0])
  }

  @Test func refusesWhatDoesNotFit() throws {
    #expect(throws: OperatorError.self) { try look([1], in: [1, 2], TestTensor([1] as [Float])) }
    #expect(throws: OperatorError.self) { try look([1], in: [], TestTensor([Float](), [0, 2])) }
    #expect(throws: OperatorError.self) { try look([1], in: [1], TestTensor([1] as [Float], [])) }
    #expect(throws: OperatorError.self) {
      try run(
        HashtableLookup(options: .defaults),
        [TestTensor([1] as [Int64]), TestTensor([1] as [Int32]), TestTensor([1] as [Float])],
        outputs: [(.float32, .none), (.uint8, .none)])
    }
    #expect(throws: OperatorError.self) {
      try run(
        HashtableLookup(options: .defaults),
        [TestTensor([1] as [Int32]), TestTensor([1] as [Int32]), TestTensor([1] as [Float])],
        outputs: [(.float32, .none), (.bool, .none)])
    }
  }
}
