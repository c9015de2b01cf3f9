import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct DilateTests {
  /// Every place by its definition.
  private func oracle<T>(_ x: Grid<T>, _ factors: [Int], _ filling: T) -> Grid<T> {
    let dimensions = zip(x.dimensions, factors).map { $0 == 0 ? 0 : ($0 - 1) * $1 + 1 }
    return Grid(dimensions) { place in
      guard zip(place, factors).allSatisfy({ $0 % $1 == 0 }) else { return filling }
      return x[zip(place, factors).map { $0 / $1 }]
    }
  }

  @Test(arguments: [
    ([4], [1]), ([4], [3]), ([3, 2], [2, 3]), ([2, 2, 2], [3, 1, 2]), ([2, 3, 1, 4], [1, 2, 5, 1]), ([1], [7]),
    ([0, 3], [2, 2]),
    ([2, 1, 2, 1, 2, 1, 2, 2], [1, 2, 1, 2, 1, 2, 1, 2]),
  ])
  func spreads(shape: [Int], factors: [Int]) throws {
    let given = try TestTensor(factors.map { Int32($0) })
    func check<T: BitwiseCopyable & Equatable>(_ filling: T, _ element: ElementType, _ value: (Int) -> T) throws {
      let x = Grid(shape, values: (0..<shape.reduce(1, *)).map(value))
      let expected = oracle(x, factors, filling)
      for tensor in [given, given.constant] {
        let result = try run(
          Dilate(options: .defaults),
          [TestTensor(x.values, shape, element: element), tensor, TestTensor([filling], [], element: element)],
          outputs: [(element, .none)], threads: 2)
        #expect(result[0].type.shape.dimensions == expected.dimensions)
        #expect(result[0].values(T.self) == expected.values)
      }
    }
    try check(-9 as Int8, .int8) { Int8($0) }
    try check(9 as UInt16, .uint16) { UInt16($0) }
    try check(-9 as Float, .float32) { Float($0) }
    try check(9 as Int64, .int64) { Int64($0) }
    try check(SIMD2<Float>(1, -1), .complex64) { SIMD2(Float($0), 5) }
    try check(SIMD2<Double>(1, -1), .complex128) { SIMD2(Double($0), 5) }
    try check(1 as UInt8, .bool) { UInt8($0 % 2) }
  }

  @Test func refusesWhatItCannotTake() throws {
    let x = try TestTensor([1, 2, 3, 4] as [Int32], [2, 2])
    let filling = try TestTensor([0] as [Int32], [])
    func refuses(_ x: TestTensor?, _ factors: TestTensor?, _ filling: TestTensor?) {
      expectRefusal(Dilate(options: .defaults), [x, factors, filling], outputs: [(.int32, .none)])
    }
    refuses(x, try TestTensor([1, 0] as [Int32]), filling)
    refuses(x, try TestTensor([1, .min] as [Int32]), filling)
    refuses(x, try TestTensor([.max, .max] as [Int32]), filling)
    refuses(x, try TestTensor([1] as [Int32]), filling)
    refuses(x, try TestTensor([1, 1] as [Int64]), filling)
    refuses(x, try TestTensor([1, 1] as [Int32]), try TestTensor([0] as [Float], []))
    refuses(x, try TestTensor([1, 1] as [Int32]), try TestTensor([Int32](), [0]))
    refuses(try TestTensor([1] as [Int32], []), try TestTensor([Int32](), [0]), filling)
    refuses(x, nil, filling)
  }
}
