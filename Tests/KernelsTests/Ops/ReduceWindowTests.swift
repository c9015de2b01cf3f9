import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct ReduceWindowTests {
  private func operation(_ function: Int32) throws -> ReduceWindow {
    try ReduceWindow(options: .table([0: .int32(function)]))
  }

  private func vector(_ values: [Int]) throws -> TestTensor { try TestTensor(values.map { Int64($0) }).constant }

  @Test(arguments: [
    ([5], [1], [1], [1]), ([5], [5], [1], [1]), ([5], [6], [1], [1]), ([7], [3], [2], [2]),
    ([4, 5], [2, 3], [1, 2], [1, 1]),
    ([1, 5, 5], [1, 2, 2], [1, 2, 2], [1, 2, 2]), ([1, 5, 6, 3], [1, 3, 3, 1], [1, 2, 1, 1], [1, 1, 2, 1]),
    ([2, 1, 3, 1, 2, 2], [1, 1, 2, 1, 2, 1], [1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1]),
    ([0, 3], [1, 1], [1, 1], [1, 1]),
  ])
  func reduces(shape: [Int], window: [Int], strides: [Int], dilations: [Int]) throws {
    var generator = SeededGenerator(seed: 17)
    func check<T: BitwiseCopyable & Equatable>(
      _ element: ElementType, _ code: Int32, _ values: [T], _ initial: T, _ function: (T, T) -> T
    ) throws {
      let expected = reducedWindows(
        Grid(shape, values: values), initial: initial, window: window, strides: strides, dilations: dilations, function)
      let result = try run(
        try operation(code),
        [
          TestTensor(values, shape, element: element), TestTensor([initial], [], element: element), vector(window),
          vector(strides), vector(dilations),
        ], outputs: [(element, .none)], threads: 2)
      #expect(result[0].type.shape.dimensions == expected.dimensions)
      #expect(result[0].values(T.self) == expected.values)
    }
    let count = shape.reduce(1, *)
    func checkIntegers<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type, _ element: ElementType) throws {
      let x = generator.integers(count, in: T.min...T.max)
      try check(element, 1, x, 3) { $0 &+ $1 }
      try check(element, 2, x, 3) { $0 &* $1 }
      try check(element, 3, x, 100) { min($0, $1) }
      try check(element, 4, x, 3) { max($0, $1) }
      try check(element, 5, x.map { $0 % 2 }, 1) { $0 != 0 && $1 != 0 ? 1 : 0 }
      try check(element, 6, x.map { $0 % 2 }, 0) { $0 != 0 || $1 != 0 ? 1 : 0 }
    }
    try checkIntegers(Int8.self, .int8)
    try checkIntegers(UInt8.self, .uint8)
    try checkIntegers(Int16.self, .int16)
    try checkIntegers(Int32.self, .int32)
    try checkIntegers(Int64.self, .int64)
    let reals = generator.floats(count)
    try check(.float32, 1, reals, 0.5) { $0 + $1 }
    try check(.float32, 4, reals, -.infinity) { max($0, $1) }
    try check(.float64, 2, reals.map { Double($0) }, 2) { $0 * $1 }
    let truth = generator.integers(count, in: 0...1 as ClosedRange<UInt8>)
    try check(.bool, 5, truth, 1) { $0 & $1 }
    try check(.bool, 6, truth, 0) { $0 | $1 }
  }

  @Test func lettsTheLaterElementPassNaN() throws {
    let x = try TestTensor([.nan, 1, .nan] as [Float])
    let one = try vector([1])
    let result = try run(
      try operation(4), [x, TestTensor([0] as [Float], []), vector([2]), one, one], outputs: [(.float32, .none)])
    expectClose(result[0].floats, [1, .nan])
  }

  @Test func refusesWhatItCannotTake() throws {
    #expect(throws: OperatorError.self) { try operation(0) }
    #expect(throws: OperatorError.self) { try operation(7) }
    let x = try TestTensor([1, 2, 3] as [Float])
    let initial = try TestTensor([0] as [Float], [])
    let one = try vector([1])
    func refuses(_ inputs: [TestTensor?], _ element: ElementType = .float32) throws {
      expectRefusal(try operation(1), inputs, outputs: [(element, .none)])
    }
    for bad in [[0], [-1], [.min], [1, 1], []] {
      try refuses([x, initial, try vector(bad), one, one])
      try refuses([x, initial, one, try vector(bad), one])
      try refuses([x, initial, one, one, try vector(bad)])
    }
    // Far beyond the tensor is no window, not an overflow.
    let far = try run(
      try operation(1), [x, initial, vector([.max]), vector([.max]), vector([.max])], outputs: [(.float32, .none)])
    #expect(far[0].type.shape.dimensions == [0])
    try refuses([x, try TestTensor([Float](), [0]), one, one, one])
    try refuses([x, try TestTensor([0] as [Int32], []), one, one, one])
    try refuses([x, initial, try TestTensor([1] as [Int32]).constant, one, one])
    try refuses([x, initial, one, one])
    let scalar = try TestTensor([1] as [Float], [])
    try refuses([scalar, initial, try vector([]), try vector([]), try vector([])])
    let seven = try TestTensor([1] as [Float], [1, 1, 1, 1, 1, 1, 1])
    let ones = try vector([1, 1, 1, 1, 1, 1, 1])
    try refuses([seven, initial, ones, ones, ones])
    let half = try TestTensor([1] as [Float16])
    try refuses([half, try TestTensor([1] as [Float16], []), one, one, one], .float16)
  }
}
