import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct StablehloAndTests {
  private func check<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type, _ element: ElementType, count: Int) throws {
    var generator = SeededGenerator(seed: 13)
    let a = generator.integers(count, in: T.min...T.max)
    let b = generator.integers(count, in: T.min...T.max)
    let result = try run(
      StablehloAnd(options: .defaults), [TestTensor(a), TestTensor(b)], outputs: [(element, .none)])
    #expect(result[0].values(T.self) == zip(a, b).map { ~(~$0 | ~$1) })
  }

  @Test(arguments: [0, 1, 15, 16, 17, 35]) func takesAllWidths(count: Int) throws {
    try check(Int8.self, .int8, count: count)
    try check(UInt8.self, .uint8, count: count)
    try check(Int16.self, .int16, count: count)
    try check(UInt16.self, .uint16, count: count)
    try check(Int32.self, .int32, count: count)
    try check(UInt32.self, .uint32, count: count)
    try check(Int64.self, .int64, count: count)
    try check(UInt64.self, .uint64, count: count)
  }

  @Test func takesTruth() throws {
    let a = try TestTensor([true, true, false, false])
    let b = try TestTensor([true, false, true, false])
    let result = try run(StablehloAnd(options: .defaults), [a, b], outputs: [(.bool, .none)])
    #expect(result[0].values(Bool.self) == [true, false, false, false])
  }

  @Test func refusesWhatItCannotTake() throws {
    let real = try TestTensor([1, 2] as [Float])
    expectRefusal(StablehloAnd(options: .defaults), [real, real], outputs: [(.float32, .none)])
    let half = try TestTensor([1, 2] as [Float16])
    expectRefusal(StablehloAnd(options: .defaults), [half, half], outputs: [(.float16, .none)])
    let two = try TestTensor([1, 2] as [Int32])
    expectRefusal(StablehloAnd(options: .defaults), [two, try TestTensor([1] as [Int32])], outputs: [(.int32, .none)])
  }
}
