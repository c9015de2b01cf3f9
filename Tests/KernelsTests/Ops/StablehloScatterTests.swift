import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct StablehloScatterTests {
  struct Layout: Sendable, CustomTestStringConvertible {
    var input: [Int]
    var indices: [Int]
    var updates: [Int]
    var window: [Int]
    var inserted: [Int]
    var map: [Int]
    var vector: Int
    var testDescription: String { "\(updates) into \(input)" }

    func operation() throws -> StablehloScatter {
      func list(_ values: [Int]) -> OptionsField { .int64s(values.map { Int64($0) }) }
      return try StablehloScatter(
        options: .table([1: list(window), 2: list(inserted), 3: list(map), 4: .int64(Int64(vector)), 6: .int32(1)]))
    }
  }

  static let layouts = [
    Layout(
      input: [3, 4, 2], indices: [2, 3, 2], updates: [2, 3, 2, 2], window: [2, 3], inserted: [0], map: [1, 0], vector: 2
    ),
    Layout(
      input: [3, 4, 2], indices: [2, 2, 3], updates: [2, 2, 3, 2], window: [0, 3], inserted: [1], map: [1, 2], vector: 1
    ),
    Layout(input: [5], indices: [3, 1], updates: [3], window: [], inserted: [0], map: [0], vector: 1),
    Layout(input: [5], indices: [3], updates: [3], window: [], inserted: [0], map: [0], vector: 1),
    Layout(input: [4, 3], indices: [2, 1], updates: [2, 3], window: [1], inserted: [0], map: [0], vector: 1),
    Layout(input: [4, 3], indices: [2, 1], updates: [3, 2], window: [0], inserted: [1], map: [1], vector: 1),
    Layout(input: [4, 3], indices: [2], updates: [6, 5], window: [0, 1], inserted: [], map: [0, 1], vector: 0),
    Layout(input: [4, 3], indices: [0, 1], updates: [0, 3], window: [1], inserted: [0], map: [0], vector: 1),
    Layout(input: [0, 3], indices: [2, 1], updates: [2, 3], window: [1], inserted: [0], map: [0], vector: 1),
    Layout(input: [2, 3, 4], indices: [], updates: [1, 2, 2], window: [0, 1, 2], inserted: [], map: [2], vector: 0),
    Layout(input: [], indices: [2, 0], updates: [2], window: [], inserted: [], map: [], vector: 1),
  ]

  /// Puts in one element after the other, by the definition in the StableHLO specification.
  private func oracle<T>(
    _ layout: Layout, _ x: Grid<T>, _ indices: Grid<Int>, _ updates: Grid<T>, _ function: (T, T) -> T
  ) -> Grid<T> {
    var result = x
    let hasVector = layout.vector < layout.indices.count
    let places = Grid<Int>.coordinates(layout.input)
    let windowAxes = layout.input.indices.filter { !layout.inserted.contains($0) }
    for place in Grid<T>.coordinates(layout.updates) {
      var target = [Int](repeating: 0, count: layout.input.count)
      let batch = place.indices.filter { !layout.window.contains($0) }.map { place[$0] }
      for (component, axis) in layout.map.enumerated() {
        var at = batch
        if hasVector { at.insert(component, at: layout.vector) }
        target[axis] = indices[at]
      }
      for (dimension, axis) in zip(layout.window, windowAxes) { target[axis] += place[dimension] }
      guard let index = places.firstIndex(of: target) else { continue }
      result.values[index] = function(result.values[index], updates[place])
    }
    return result
  }

  private static func bodies(_ name: BuiltinOperator?) -> [[OperatorDefinition.Identity]] {
    [name.map { [.builtin($0)] } ?? []]
  }

  @Test(arguments: layouts) func scatters(layout: Layout) throws {
    var generator = SeededGenerator(seed: 16)
    let indices = Grid(
      layout.indices, values: generator.integers(layout.indices.reduce(1, *), in: -2...4 as ClosedRange<Int>))
    func check<T: BitwiseCopyable & Equatable>(
      _ element: ElementType, _ body: BuiltinOperator?, _ values: (Int) -> [T], _ function: (T, T) -> T
    ) throws {
      let x = Grid(layout.input, values: values(layout.input.reduce(1, *)))
      let updates = Grid(layout.updates, values: values(layout.updates.reduce(1, *)))
      let expected = oracle(layout, x, indices, updates, function)
      for places in [
        try TestTensor(indices.values.map { Int32($0) }, layout.indices),
        try TestTensor(indices.values.map { Int64($0) }, layout.indices),
      ] {
        let result = try run(
          try layout.operation(),
          [
            TestTensor(x.values, layout.input, element: element), places,
            TestTensor(updates.values, layout.updates, element: element),
          ], outputs: [(element, .none)], bodies: Self.bodies(body))
        #expect(result[0].type.shape.dimensions == layout.input)
        #expect(result[0].values(T.self) == expected.values)
      }
    }
    func integers<T: FixedWidthInteger>(_ count: Int) -> [T] { generator.integers(count, in: T.min...T.max) }
    func checkIntegers<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type, _ element: ElementType) throws {
      try check(element, nil, { integers($0) as [T] }) { $1 }
      try check(element, .stablehloAdd, { integers($0) as [T] }) { $0 &+ $1 }
      try check(element, .stablehloMultiply, { integers($0) as [T] }) { $0 &* $1 }
      try check(element, .stablehloMaximum, { integers($0) as [T] }) { max($0, $1) }
      try check(element, .stablehloMinimum, { integers($0) as [T] }) { min($0, $1) }
    }
    try checkIntegers(Int8.self, .int8)
    try checkIntegers(UInt16.self, .uint16)
    try checkIntegers(Int32.self, .int32)
    try checkIntegers(UInt64.self, .uint64)
    try check(.float32, .stablehloAdd, { generator.floats($0) }) { $0 + $1 }
    try check(.float64, .stablehloMaximum, { generator.floats($0).map { Double($0) } }) { max($0, $1) }
    try check(.float16, .stablehloMultiply, { generator.floats($0).map { Float16($0) } }) { $0 * $1 }
    try check(.bool, nil, { generator.integers($0, in: 0...1 as ClosedRange<UInt8>) }) { $1 }
    try check(.bool, .stablehloAdd, { generator.integers($0, in: 0...1 as ClosedRange<UInt8>) }) { $0 | $1 }
  }

  @Test func dropsExtremePlaces() throws {
    let layout = Self.layouts[4]
    for value in [Int64.min, .max, -1, 4] {
      let result = try run(
        try layout.operation(),
        [
          TestTensor([Float](repeating: 1, count: 12), [4, 3]), TestTensor([value, value], [2, 1]),
          TestTensor([Float](repeating: 2, count: 6), [2, 3]),
        ], outputs: [(.float32, .none)], bodies: [[]])
      #expect(result[0].floats == [Float](repeating: 1, count: 12))
    }
    // A window that begins at the end of the numbers.
    let whole = Self.layouts[6]
    let result = try run(
      try whole.operation(),
      [
        TestTensor([Float](repeating: 1, count: 12), [4, 3]), TestTensor([.max - 2, .min + 2] as [Int64]),
        TestTensor([Float](repeating: 2, count: 30), [6, 5]),
      ], outputs: [(.float32, .none)], bodies: [[]])
    #expect(result[0].floats == [Float](repeating: 1, count: 12))
  }

  @Test func refusesWhatItCannotTake() throws {
    let good = Self.layouts[0]
    let x = try TestTensor([Int32](repeating: 0, count: 24), good.input)
    let indices = try TestTensor([Int32](repeating: 0, count: 12), good.indices)
    let updates = try TestTensor([Int32](repeating: 0, count: 24), good.updates)
    func refuses(_ change: (inout Layout) -> Void) throws {
      var layout = good
      change(&layout)
      expectRefusal(try layout.operation(), [x, indices, updates], outputs: [(.int32, .none)], bodies: [[]])
    }
    try refuses { $0.window = [2] }
    try refuses { $0.window = [2, 2] }
    try refuses { $0.window = [2, 4] }
    try refuses { $0.window = [0, 1] }
    try refuses { $0.inserted = [3] }
    try refuses { $0.inserted = [] }
    try refuses { $0.map = [0, 3] }
    try refuses { $0.map = [0, -1] }
    try refuses { $0.map = [0, 1, 2] }
    try refuses { $0.vector = 4 }
    try refuses { $0.vector = -1 }
    try refuses { $0.vector = 0 }
    let inputs: [TestTensor?] = [x, indices, updates]
    expectRefusal(try good.operation(), inputs, outputs: [(.int32, .none)])
    expectRefusal(try good.operation(), inputs, outputs: [(.int32, .none)], bodies: [[.builtin(.add)]])
    expectRefusal(try good.operation(), inputs, outputs: [(.int32, .none)], bodies: [[.custom("x")]])
    expectRefusal(
      try good.operation(), inputs, outputs: [(.int32, .none)],
      bodies: [[.builtin(.stablehloAdd), .builtin(.stablehloAdd)]])
    expectRefusal(try good.operation(), [x, updates, updates], outputs: [(.int32, .none)], bodies: [[]])
    expectRefusal(try good.operation(), [x, nil, updates], outputs: [(.int32, .none)], bodies: [[]])
    let reals = try TestTensor([Float](repeating: 0, count: 24), good.updates)
    expectRefusal(try good.operation(), [x, indices, reals], outputs: [(.int32, .none)], bodies: [[]])
  }
}
