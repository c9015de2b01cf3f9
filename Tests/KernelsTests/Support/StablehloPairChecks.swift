import KernelTestSupport
import Kernels
import TensorTypes
import Testing

/// A function of two numbers of any type that StableHLO's arithmetic takes.
protocol NumberPairFunction {
  func integers<T: FixedWidthInteger>(_ a: T, _ b: T) -> T
  func reals<T: BinaryFloatingPoint>(_ a: T, _ b: T) -> T
  func truth(_ a: Bool, _ b: Bool) -> Bool
}

/// What the StableHLO operators on two tensors of one type and shape have in common.
struct StablehloPairChecks<Function: NumberPairFunction> {
  let operation: any Operator
  let function: Function

  private func check<T: BitwiseCopyable & Equatable>(
    _ a: [T], _ b: [T], _ element: ElementType, _ function: (T, T) -> T
  ) throws {
    let result = try run(
      operation, [TestTensor(a, element: element), TestTensor(b, element: element)], outputs: [(element, .none)])
    #expect(result[0].values(T.self) == zip(a, b).map(function))
  }

  private func checkIntegers<T: FixedWidthInteger & BitwiseCopyable>(
    _: T.Type, _ element: ElementType, count: Int
  ) throws {
    var generator = SeededGenerator(seed: 11)
    let a = generator.integers(count, in: T.min...T.max)
    let b = generator.integers(count, in: T.min...T.max)
    try check(a, b, element) { function.integers($0, $1) }
  }

  func combines(count: Int) throws {
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
    try check(a, b, .float32) { function.reals($0, $1) }
    try check(a.map { Double($0) }, b.map { Double($0) }, .float64) { function.reals($0, $1) }
    try check(a.map { Float16($0) }, b.map { Float16($0) }, .float16) { function.reals($0, $1) }
    let p = generator.integers(count, in: 0...1 as ClosedRange<UInt8>)
    let q = generator.integers(count, in: 0...1 as ClosedRange<UInt8>)
    try check(p, q, .bool) { function.truth($0 != 0, $1 != 0) ? 1 : 0 }
  }

  func refusesWhatItCannotTake() throws {
    let two = try TestTensor([1, 2] as [Float])
    expectRefusal(operation, [two, try TestTensor([1] as [Float])], outputs: [(.float32, .none)])
    expectRefusal(operation, [two], outputs: [(.float32, .none)])
    expectRefusal(operation, [two, try TestTensor([1, 2] as [Int32])], outputs: [(.float32, .none)])
    expectRefusal(operation, [two, two], outputs: [(.int32, .none)])
    let z = try TestTensor([SIMD2<Float>(1, 2)], [1], element: .complex64)
    expectRefusal(operation, [z, z], outputs: [(.complex64, .none)])
  }
}
