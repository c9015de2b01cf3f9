import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct RightShiftTests {
  private func check<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type, _ element: ElementType, count: Int) throws {
    var generator = SeededGenerator(seed: 4)
    let a = generator.integers(count, in: T.min...T.max)
    let b = generator.integers(count, in: T.min...T.max).map { $0 % 40 }
    let result = try run(
      RightShift(options: .defaults), [TestTensor(a), TestTensor(b)], outputs: [(element, .none)])
    let expected = zip(a, b).map { value, distance -> T in
      var shifted = value
      // Halving and rounding down, bit by bit.
      for _ in 0..<max(0, min(Int(distance), T.bitWidth - 1)) {
        shifted = shifted / 2 - (shifted < 0 && shifted % 2 != 0 ? 1 : 0)
      }
      return shifted
    }
    #expect(result[0].values(T.self) == expected)
  }

  @Test(arguments: [0, 1, 15, 16, 17, 35]) func shifts(count: Int) throws {
    try check(Int8.self, .int8, count: count)
    try check(UInt8.self, .uint8, count: count)
    try check(Int16.self, .int16, count: count)
    try check(UInt16.self, .uint16, count: count)
    try check(Int32.self, .int32, count: count)
    try check(UInt32.self, .uint32, count: count)
  }

  @Test func limitsDistances() throws {
    let a = try TestTensor([-100, 100, -100, 100, -1] as [Int8])
    let b = try TestTensor([-1, -128, 127, 127, 8] as [Int8])
    let result = try run(RightShift(options: .defaults), [a, b], outputs: [(.int8, .none)])
    #expect(result[0].values(Int8.self) == [-100, 100, -1, 0, -1])
  }

  @Test func broadcasts() throws {
    let a = try TestTensor([64, 32] as [UInt16], [2, 1])
    let b = try TestTensor([0, 1, 2] as [UInt16])
    let result = try run(RightShift(options: .defaults), [a, b], outputs: [(.uint16, .none)])
    #expect(result[0].values(UInt16.self) == [64, 32, 16, 32, 16, 8])
  }

  @Test func refusesWhatItCannotTake() throws {
    let wide = try TestTensor([1] as [Int64])
    expectRefusal(RightShift(options: .defaults), [wide, wide], outputs: [(.int64, .none)])
    let real = try TestTensor([1] as [Float])
    expectRefusal(RightShift(options: .defaults), [real, real], outputs: [(.float32, .none)])
  }
}
