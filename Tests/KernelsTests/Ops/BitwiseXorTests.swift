import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct BitwiseXorTests {
  private func check<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type, _ element: ElementType, count: Int) throws {
    var generator = SeededGenerator(seed: 3)
    let a = generator.integers(count, in: T.min...T.max)
    let b = generator.integers(count, in: T.min...T.max)
    let result = try run(
      BitwiseXor(options: .defaults), [TestTensor(a), TestTensor(b)], outputs: [(element, .none)])
    #expect(result[0].values(T.self) == zip(a, b).map { ($0 | $1) & ~($0 & $1) })
  }

  @Test(arguments: [0, 1, 15, 16, 17, 35]) func takesAllWidths(count: Int) throws {
    try check(Int8.self, .int8, count: count)
    try check(UInt8.self, .uint8, count: count)
    try check(Int16.self, .int16, count: count)
    try check(UInt16.self, .uint16, count: count)
    try check(Int32.self, .int32, count: count)
    try check(UInt32.self, .uint32, count: count)
  }

  @Test func broadcasts() throws {
    let a = try TestTensor([1, 2, 3, 4, 5, 6] as [Int32], [2, 1, 3])
    let b = try TestTensor([7, 8] as [Int32], [2, 1])
    let result = try run(BitwiseXor(options: .defaults), [a, b], outputs: [(.int32, .none)])
    #expect(result[0].type.shape.dimensions == [2, 2, 3])
    let expected: [Int32] = [6, 5, 4, 9, 10, 11, 3, 2, 1, 12, 13, 14]
    #expect(result[0].values(Int32.self) == expected)
  }

  @Test func refusesWhatItCannotTake() throws {
    let wide = try TestTensor([1] as [Int64])
    expectRefusal(BitwiseXor(options: .defaults), [wide, wide], outputs: [(.int64, .none)])
    let three = try TestTensor([1, 2, 3] as [Int8])
    expectRefusal(
      BitwiseXor(options: .defaults), [three, try TestTensor([1, 2] as [Int8])], outputs: [(.int8, .none)])
    expectRefusal(BitwiseXor(options: .defaults), [three, try TestTensor([1] as [UInt8])], outputs: [(.int8, .none)])
  }
}
