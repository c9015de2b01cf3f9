import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct StablehloShiftLeftTests {
  @Test(arguments: [0, 1, 3, 4, 5, 17, 35]) func shifts(count: Int) throws {
    var generator = SeededGenerator(seed: 14)
    let a = generator.integers(count, in: Int32.min...Int32.max)
    let b = generator.integers(count, in: 0...31 as ClosedRange<Int32>)
    let wide = try run(
      StablehloShiftLeft(options: .defaults), [TestTensor(a), TestTensor(b)], outputs: [(.int32, .none)])
    #expect(wide[0].values(Int32.self) == zip(a, b).map { Int32(truncatingIfNeeded: Int($0) * (1 << Int($1))) })
    let x = a.map { Int16(truncatingIfNeeded: $0) }
    let y = b.map { Int16($0) }
    let short = try run(
      StablehloShiftLeft(options: .defaults), [TestTensor(x), TestTensor(y)], outputs: [(.int16, .none)])
    #expect(short[0].values(Int16.self) == zip(x, y).map { Int16(truncatingIfNeeded: Int($0) * (1 << Int($1))) })
    let p = a.map { Int8(truncatingIfNeeded: $0) }
    let q = b.map { Int8($0) }
    let byte = try run(
      StablehloShiftLeft(options: .defaults), [TestTensor(p), TestTensor(q)], outputs: [(.int8, .none)])
    #expect(byte[0].values(Int8.self) == zip(p, q).map { Int8(truncatingIfNeeded: Int($0) * (1 << Int($1))) })
  }

  @Test func readsDistancesInOrder() throws {
    let a = try TestTensor([-37] as [Int32], [])
    let b = try TestTensor([3, 4, 1] as [Int32])
    let result = try run(StablehloShiftLeft(options: .defaults), [a, b], outputs: [(.int32, .none)])
    #expect(result[0].type.shape == .scalar)
    #expect(result[0].values(Int32.self) == [-296])
  }

  @Test func takesAnyDistance() throws {
    let a = try TestTensor([1, 1, 1] as [Int32])
    let b = try TestTensor([32, -1, .min] as [Int32])
    let result = try run(StablehloShiftLeft(options: .defaults), [a, b], outputs: [(.int32, .none)])
    #expect(result[0].values(Int32.self) == [1, .min, 1])
  }

  @Test func refusesWhatItCannotTake() throws {
    let two = try TestTensor([1, 2] as [Int32])
    expectRefusal(
      StablehloShiftLeft(options: .defaults), [two, try TestTensor([1] as [Int32])], outputs: [(.int32, .none)])
    expectRefusal(
      StablehloShiftLeft(options: .defaults), [two, try TestTensor([1, 2] as [Int8])], outputs: [(.int32, .none)])
    let wide = try TestTensor([1] as [Int64])
    expectRefusal(StablehloShiftLeft(options: .defaults), [wide, wide], outputs: [(.int64, .none)])
  }
}
