import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct StablehloReduceWindowTests {
  struct Layout: Sendable, CustomTestStringConvertible {
    var input: [Int]
    var window: [Int]
    var strides: [Int] = []
    var base: [Int] = []
    var dilations: [Int] = []
    var padding: [Int] = []
    var testDescription: String { "\(window) over \(input), base \(base), padding \(padding)" }

    func operation() throws -> StablehloReduceWindow {
      var fields: [Int: OptionsField] = [:]
      for (slot, values) in [window, strides, base, dilations, padding].enumerated() where !values.isEmpty {
        fields[slot] = .int64s(values.map { Int64($0) })
      }
      fields[5] = .int32(1)
      return try StablehloReduceWindow(options: .table(fields))
    }
  }

  static let layouts = [
    Layout(input: [5], window: [2]),
    Layout(input: [5], window: [3], strides: [2], padding: [1, 2]),
    Layout(input: [5], window: [3], strides: [2], base: [3], dilations: [2], padding: [2, -1]),
    Layout(
      input: [4, 5], window: [2, 2], strides: [1, 2], base: [2, 1], dilations: [1, 1], padding: [1, 1, 0, 2]),
    Layout(input: [4, 5], window: [1, 3], padding: [-1, -1, 1, 1]),
    Layout(input: [4, 5], window: [9, 1]),
    Layout(input: [1, 4, 4, 3], window: [1, 3, 3, 1], strides: [1, 2, 2, 1], padding: [0, 0, 1, 1, 1, 1, 0, 0]),
    Layout(input: [3], window: [1], padding: [-4, 3]),
    Layout(input: [0, 3], window: [1, 1], padding: [2, 0, 0, 0]),
  ]

  @Test(arguments: layouts) func reduces(layout: Layout) throws {
    var generator = SeededGenerator(seed: 18)
    let rank = layout.input.count
    let ones = [Int](repeating: 1, count: rank)
    let base = layout.base.isEmpty ? ones : layout.base
    let padding = layout.padding.isEmpty ? [Int](repeating: 0, count: 2 * rank) : layout.padding
    let spread = layout.input.indices.map { axis in
      (layout.input[axis] == 0 ? 0 : (layout.input[axis] - 1) * base[axis] + 1) + padding[2 * axis]
        + padding[2 * axis + 1]
    }
    func check<T: BitwiseCopyable & Equatable>(
      _ element: ElementType, _ body: BuiltinOperator, _ values: [T], _ initial: T, _ function: (T, T) -> T
    ) throws {
      let x = Grid(layout.input, values: values)
      let padded = Grid(spread) { place -> T in
        var source: [Int] = []
        for axis in place.indices {
          let position = place[axis] - padding[2 * axis]
          guard position >= 0, position % base[axis] == 0, position / base[axis] < layout.input[axis] else {
            return initial
          }
          source.append(position / base[axis])
        }
        return x[source]
      }
      let expected = reducedWindows(
        padded, initial: initial, window: layout.window, strides: layout.strides.isEmpty ? ones : layout.strides,
        dilations: layout.dilations.isEmpty ? ones : layout.dilations, function)
      let result = try run(
        try layout.operation(),
        [TestTensor(values, layout.input, element: element), TestTensor([initial], [], element: element)],
        outputs: [(element, .none)], threads: 2, bodies: [[.builtin(body)]])
      #expect(result[0].type.shape.dimensions == expected.dimensions)
      #expect(result[0].values(T.self) == expected.values)
    }
    let count = layout.input.reduce(1, *)
    let bytes = generator.integers(count, in: Int8.min...Int8.max)
    try check(.int8, .stablehloAdd, bytes, 3) { $0 &+ $1 }
    try check(.int8, .add, bytes, 0) { $0 &+ $1 }
    let wide = generator.integers(count, in: Int64.min...Int64.max)
    try check(.int64, .mul, wide, 5) { $0 &* $1 }
    try check(.int64, .stablehloMultiply, wide, 1) { $0 &* $1 }
    let reals = generator.floats(count)
    try check(.float32, .maximum, reals, -.infinity) { max($0, $1) }
    try check(.float32, .stablehloMaximum, reals, 0.25) { max($0, $1) }
    try check(.float64, .minimum, reals.map { Double($0) }, 0.1) { min($0, $1) }
    try check(.float32, .stablehloMinimum, reals, 0.1) { min($0, $1) }
    let truth = generator.integers(count, in: 0...1 as ClosedRange<UInt8>)
    try check(.bool, .logicalAnd, truth, 1) { $0 & $1 }
    try check(.bool, .stablehloAnd, truth, 1) { $0 & $1 }
    try check(.bool, .logicalOr, truth, 0) { $0 | $1 }
    try check(.bool, .stablehloOr, truth, 0) { $0 | $1 }
  }

  @Test func refusesWhatItCannotTake() throws {
    let x = try TestTensor([Float](repeating: 0, count: 20), [4, 5])
    let initial = try TestTensor([0] as [Float], [])
    let good = Layout(input: [4, 5], window: [2, 2])
    func refuses(_ change: (inout Layout) -> Void) {
      var layout = good
      change(&layout)
      #expect(throws: OperatorError.self) {
        try run(
          try layout.operation(), [x, initial], outputs: [(.float32, .none)], bodies: [[.builtin(.stablehloAdd)]])
      }
    }
    refuses { $0.window = [] }
    refuses { $0.window = [2] }
    refuses { $0.window = [0, 2] }
    refuses { $0.strides = [1] }
    refuses { $0.strides = [0, 1] }
    refuses { $0.base = [0, 1] }
    refuses { $0.base = [.max, .max] }
    refuses { $0.dilations = [-1, 1] }
    refuses { $0.padding = [1, 1] }
    refuses { $0.padding = [-9, 0, 0, 0] }
    refuses { $0.padding = [.max, .max, 0, 0] }
    refuses { $0.padding = [.min, 0, 0, 0] }
    refuses { $0.padding = [1 << 30, 0, 1 << 30, 0] }
    let operation = try good.operation()
    for bodies in [[], [[]], [[.builtin(.sub)]], [[.custom("ADD")]], [[.builtin(.add), .builtin(.add)]]]
      as [[[OperatorDefinition.Identity]]]
    {
      expectRefusal(operation, [x, initial], outputs: [(.float32, .none)], bodies: bodies)
    }
    let body: [[OperatorDefinition.Identity]] = [[.builtin(.add)]]
    expectRefusal(operation, [x], outputs: [(.float32, .none)], bodies: body)
    expectRefusal(operation, [x, try TestTensor([Float](), [0])], outputs: [(.float32, .none)], bodies: body)
    expectRefusal(operation, [x, try TestTensor([0] as [Int32], [])], outputs: [(.float32, .none)], bodies: body)
  }
}
