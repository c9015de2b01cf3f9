import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct StablehloGatherTests {
  struct Layout: Sendable, CustomTestStringConvertible {
    var input: [Int]
    var indices: [Int]
    var offsets: [Int]
    var collapsed: [Int]
    var map: [Int]
    var vector: Int
    var slices: [Int]
    var testDescription: String { "\(input) at \(indices)" }

    func operation() throws -> StablehloGather {
      func list(_ values: [Int]) -> OptionsField { .int64s(values.map { Int64($0) }) }
      return try StablehloGather(
        options: .table([0: list(offsets), 1: list(collapsed), 2: list(map), 3: .int64(Int64(vector)), 4: list(slices)])
      )
    }
  }

  static let layouts = [
    Layout(
      input: [3, 4, 2], indices: [2, 3, 2], offsets: [2, 3], collapsed: [0], map: [1, 0], vector: 2, slices: [1, 2, 2]),
    Layout(
      input: [3, 4, 2], indices: [2, 3, 2], offsets: [0, 3], collapsed: [0], map: [0, 1], vector: 1, slices: [1, 2, 2]),
    Layout(input: [5], indices: [3], offsets: [], collapsed: [0], map: [0], vector: 1, slices: [1]),
    Layout(input: [5], indices: [3, 1], offsets: [1], collapsed: [], map: [0], vector: 1, slices: [3]),
    Layout(input: [4, 3], indices: [2], offsets: [0, 1], collapsed: [], map: [1, 0], vector: 0, slices: [2, 2]),
    Layout(input: [4, 6], indices: [2, 2], offsets: [1], collapsed: [0], map: [0, 1], vector: 0, slices: [1, 6]),
    Layout(input: [4, 6], indices: [0, 2], offsets: [1], collapsed: [0], map: [0, 1], vector: 1, slices: [1, 6]),
    Layout(input: [4, 6], indices: [3, 2], offsets: [1, 2], collapsed: [], map: [0, 1], vector: 1, slices: [0, 6]),
    Layout(
      input: [2, 3, 2, 3], indices: [4, 1], offsets: [0, 1, 3], collapsed: [2], map: [2], vector: 1,
      slices: [2, 2, 1, 3]),
    Layout(input: [], indices: [2, 0], offsets: [], collapsed: [], map: [], vector: 1, slices: []),
  ]

  /// Every element by the definition in the StableHLO specification.
  private func oracle<T>(_ layout: Layout, _ x: Grid<T>, _ indices: Grid<Int>) -> Grid<T> {
    let hasVector = layout.vector < layout.indices.count
    var batch = layout.indices
    if hasVector { batch.remove(at: layout.vector) }
    let kept = layout.input.indices.filter { !layout.collapsed.contains($0) }
    let rank = batch.count + kept.count
    let batchDimensions = (0..<rank).filter { !layout.offsets.contains($0) }
    var dimensions = [Int](repeating: 0, count: rank)
    for (dimension, size) in zip(batchDimensions, batch) { dimensions[dimension] = size }
    for (dimension, axis) in zip(layout.offsets, kept) { dimensions[dimension] = layout.slices[axis] }
    return Grid(dimensions) { place in
      var start = [Int](repeating: 0, count: layout.input.count)
      for (component, axis) in layout.map.enumerated() {
        var at = batchDimensions.map { place[$0] }
        if hasVector { at.insert(component, at: layout.vector) }
        start[axis] = min(max(indices[at], 0), layout.input[axis] - layout.slices[axis])
      }
      for (dimension, axis) in zip(layout.offsets, kept) { start[axis] += place[dimension] }
      return x[start]
    }
  }

  @Test(arguments: layouts) func gathers(layout: Layout) throws {
    var generator = SeededGenerator(seed: 15)
    let indices = Grid(
      layout.indices, values: generator.integers(layout.indices.reduce(1, *), in: -2...6 as ClosedRange<Int>))
    func check<T: BitwiseCopyable & Equatable>(_ element: ElementType, _ value: (Int) -> T) throws {
      let x = Grid(layout.input, values: (0..<layout.input.reduce(1, *)).map(value))
      let expected = oracle(layout, x, indices)
      for places in [
        try TestTensor(indices.values.map { Int32($0) }, layout.indices),
        try TestTensor(indices.values.map { Int64($0) }, layout.indices),
      ] {
        let result = try run(
          try layout.operation(), [TestTensor(x.values, layout.input, element: element), places],
          outputs: [(element, .none)], threads: 2)
        #expect(result[0].type.shape.dimensions == expected.dimensions)
        #expect(result[0].values(T.self) == expected.values)
      }
    }
    try check(.int8) { Int8($0) }
    try check(.bfloat16) { UInt16($0) }
    try check(.float32) { Float($0) }
    try check(.complex64) { SIMD2(Float($0), -1) }
  }

  @Test func movesExtremePlacesInside() throws {
    let layout = Self.layouts[3]
    let result = try run(
      try layout.operation(),
      [TestTensor([0, 1, 2, 3, 4] as [Float]), TestTensor([.min, .max, 1] as [Int64], [3, 1])],
      outputs: [(.float32, .none)])
    #expect(result[0].floats == [0, 1, 2, 2, 3, 4, 1, 2, 3])
  }

  @Test func refusesWhatItCannotTake() throws {
    let good = Self.layouts[0]
    func refuses(_ element: ElementType = .int32, _ change: (inout Layout) -> Void) throws {
      var layout = good
      change(&layout)
      let x = try TestTensor([Int32](repeating: 0, count: good.input.reduce(1, *)), good.input)
      let indices = try TestTensor([Int32](repeating: 0, count: good.indices.reduce(1, *)), good.indices)
      expectRefusal(try layout.operation(), [x, indices], outputs: [(element, .none)])
    }
    try refuses { $0.slices = [1, 2] }
    try refuses { $0.slices = [1, 5, 2] }
    try refuses { $0.slices = [0, 2, 2] }
    try refuses { $0.slices = [1, -1, 2] }
    try refuses { $0.collapsed = [3] }
    try refuses { $0.collapsed = [-1] }
    try refuses { $0.collapsed = [0, 0] }
    try refuses { $0.offsets = [2] }
    try refuses { $0.offsets = [2, 2] }
    try refuses { $0.offsets = [2, 4] }
    try refuses { $0.offsets = [.min, 3] }
    try refuses { $0.map = [0, 3] }
    try refuses { $0.map = [0, 1, 2] }
    try refuses { $0.vector = 4 }
    try refuses { $0.vector = -1 }
    try refuses(.float32) { _ in }
    let x = try TestTensor([Int32](repeating: 0, count: 24), [3, 4, 2])
    let reals = try TestTensor([Float](repeating: 0, count: 12), [2, 3, 2])
    expectRefusal(try good.operation(), [x, reals], outputs: [(.int32, .none)])
    expectRefusal(try good.operation(), [x], outputs: [(.int32, .none)])
  }
}
