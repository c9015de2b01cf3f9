import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct StablehloMinimumTests {
  private func check<T: BitwiseCopyable & Equatable>(
    _ a: [T], _ b: [T], _ element: ElementType, _ function: (T, T) -> T
  ) throws {
    let result = try run(
      StablehloMinimum(options: .defaults), [TestTensor(a, element: element), TestTensor(b, element: element)],
      outputs: [(element, .none)])
    #expect(result[0].values(T.self) == zip(a, b).map(function))
  }

  private func checkIntegers<T: FixedWidthInteger & BitwiseCopyable>(
    _: T.Type, _ element: ElementType, count: Int
  ) throws {
    var generator = SeededGenerator(seed: 11)
    let a = generator.integers(count, in: T.min...T.max)
    let b = generator.integers(count, in: T.min...T.max)
    try check(a, b, element) { a, b in b < a ? b : a }
  }

  @Test(arguments: [0, 1, 3, 4, 5, 15, 16, 17, 35]) func combines(count: Int) throws {
    try checkIntegers(Int8.self, .int8, count: count)
    try checkIntegers(UInt8.self, .uint8, count: count)
    try checkIntegers(Int16.self, .int16, count: count)
    try checkIntegers(UInt16.self, .uint16, count: count)
    try checkIntegers(Int32.self, .int32, count: count)
    try checkIntegers(UInt32.self, .uint32, count: count)
    try checkIntegers(Int64.self, .int64, count: count)
    try checkIntegers(UInt64.self, .uint64, count: count)
    var generator = SeededGenerator(seed: 12)
    let a = generator.floats(count)
    let b = generator.floats(count)
    try check(a, b, .float32) { a, b in b < a ? b : a }
    try check(a.map { Double($0) }, b.map { Double($0) }, .float64) { a, b in b < a ? b : a }
    try check(a.map { Float16($0) }, b.map { Float16($0) }, .float16) { a, b in b < a ? b : a }
    let p = generator.integers(count, in: 0...1 as ClosedRange<UInt8>)
    let q = generator.integers(count, in: 0...1 as ClosedRange<UInt8>)
    try check(p, q, .bool) { a, b in a != 0 && b != 0 ? 1 : 0 }
  }

  @Test func takesWhatIsNotFinite() throws {
    let a = try TestTensor([.nan, 1, -.infinity] as [Float])
    let b = try TestTensor([1, .nan, .nan] as [Float])
    let result = try run(StablehloMinimum(options: .defaults), [a, b], outputs: [(.float32, .none)])
    expectClose(result[0].floats, [.nan, 1, -.infinity])
  }

  @Test func refusesWhatItCannotTake() throws {
    let two = try TestTensor([1, 2] as [Float])
    expectRefusal(
      StablehloMinimum(options: .defaults), [two, try TestTensor([1] as [Float])], outputs: [(.float32, .none)])
    expectRefusal(StablehloMinimum(options: .defaults), [two], outputs: [(.float32, .none)])
    expectRefusal(
      StablehloMinimum(options: .defaults), [two, try TestTensor([1, 2] as [Int32])], outputs: [(.float32, .none)])
    expectRefusal(StablehloMinimum(options: .defaults), [two, two], outputs: [(.int32, .none)])
    let z = try TestTensor([SIMD2<Float>(1, 2)], [1], element: .complex64)
    expectRefusal(StablehloMinimum(options: .defaults), [z, z], outputs: [(.complex64, .none)])
  }
}
