import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct StablehloPadTests {
  private func operation(_ low: [Int], _ high: [Int], _ interior: [Int]) throws -> StablehloPad {
    try StablehloPad(
      options: .table([
        0: .int64s(low.map { Int64($0) }), 1: .int64s(high.map { Int64($0) }), 2: .int64s(interior.map { Int64($0) }),
      ]))
  }

  @Test(arguments: [
    ([4], [0], [0], [0]), ([4], [-1], [-1], [0]), ([4], [2], [3], [2]), ([4], [-2], [-3], [2]), ([3], [-5], [9], [3]),
    ([3], [9], [-10], [3]), ([3, 3], [1, 0], [0, 2], [0, 0]), ([3, 3], [0, 1], [1, 0], [1, 2]),
    ([2, 3, 2], [1, -1, 0], [-1, 2, 0], [0, 1, 0]), ([0, 2], [1, 1], [1, 1], [3, 0]),
    ([1, 2, 1, 2], [0, 1, 2, -1], [3, 0, 0, 1], [5, 2, 0, 3]),
  ])
  func pads(shape: [Int], low: [Int], high: [Int], interior: [Int]) throws {
    let dimensions = shape.indices.map { axis in
      shape[axis] + max(shape[axis] - 1, 0) * interior[axis] + low[axis] + high[axis]
    }
    func check<T: BitwiseCopyable & Equatable>(_ filling: T, _ element: ElementType, _ value: (Int) -> T) throws {
      let x = Grid(shape, values: (0..<shape.reduce(1, *)).map(value))
      let expected = Grid(dimensions) { place -> T in
        var source: [Int] = []
        for axis in place.indices {
          let position = place[axis] - low[axis]
          guard position >= 0, position % (interior[axis] + 1) == 0, position / (interior[axis] + 1) < shape[axis]
          else {
            return filling
          }
          source.append(position / (interior[axis] + 1))
        }
        return x[source]
      }
      let result = try run(
        try operation(low, high, interior),
        [TestTensor(x.values, shape, element: element), TestTensor([filling], [], element: element)],
        outputs: [(element, .none)], threads: 2)
      #expect(result[0].type.shape.dimensions == dimensions)
      #expect(result[0].values(T.self) == expected.values)
    }
    try check(-1 as Int8, .int8) { Int8($0) }
    try check(-1 as Float16, .float16) { Float16($0) }
    try check(-1 as Float, .float32) { Float($0) }
    try check(-1 as Double, .float64) { Double($0) }
    try check(SIMD2<Double>(1, 2), .complex128) { SIMD2(Double($0), 0) }
  }

  @Test func givesNothingWhereEverythingIsCropped() throws {
    let x = try TestTensor([1, 2, 3, 4] as [Float], [2, 2])
    let filling = try TestTensor([0] as [Float], [])
    for low in [-2, -5] {
      let result = try run(try operation([low, 0], [0, 0], [0, 0]), [x, filling], outputs: [(.float32, .none)])
      #expect(result[0].type.shape.dimensions == [0, 0])
    }
  }

  @Test func refusesWhatItCannotTake() throws {
    let x = try TestTensor([1, 2, 3, 4] as [Float], [2, 2])
    let filling = try TestTensor([0] as [Float], [])
    func refuses(_ low: [Int], _ high: [Int], _ interior: [Int]) throws {
      expectRefusal(try operation(low, high, interior), [x, filling], outputs: [(.float32, .none)])
    }
    try refuses([0], [0, 0], [0, 0])
    try refuses([], [], [])
    try refuses([0, 0], [0, 0], [0, -1])
    try refuses([Int.max, 0], [Int.max, 0], [0, 0])
    try refuses([Int.min, 0], [0, 0], [0, 0])
    try refuses([1 << 30, 1 << 30], [1 << 30, 1 << 30], [0, 0])
    try refuses([0, 0], [0, 0], [Int.max, 0])
    let fine = try operation([0, 0], [0, 0], [0, 0])
    expectRefusal(fine, [x, try TestTensor([1, 2] as [Float])], outputs: [(.float32, .none)])
    expectRefusal(fine, [x, try TestTensor([1] as [Int32])], outputs: [(.float32, .none)])
    expectRefusal(fine, [x], outputs: [(.float32, .none)])
    let scalar = try TestTensor([1] as [Float], [])
    expectRefusal(try operation([], [], []), [scalar, filling], outputs: [(.float32, .none)])
  }
}
