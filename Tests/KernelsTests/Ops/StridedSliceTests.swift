import KernelTestSupport
import Kernels
import TensorTypes
import Testing

/// A slice as Python writes it, dimension by dimension.
private enum Subscript {
  /// `begin:end:stride`, each bound possibly open.
  case range(Int?, Int?, Int)
  case index(Int)
  case newAxis
  case ellipsis

  /// The positions that a range takes, found by walking.
  static func positions(_ size: Int, _ begin: Int?, _ end: Int?, _ stride: Int) -> [Int] {
    var place = begin.map { $0 < 0 ? $0 + size : $0 } ?? (stride > 0 ? 0 : size - 1)
    let stop = end.map { $0 < 0 ? $0 + size : $0 } ?? (stride > 0 ? size : -1)
    // Bounds outside the dimension mean its ends.
    place = stride > 0 ? max(place, 0) : min(place, size - 1)
    var result: [Int] = []
    while stride > 0 ? place < min(stop, size) : place > max(stop, -1) {
      result.append(place)
      place += stride
    }
    return result
  }
}

@Suite struct StridedSliceTests {
  /// The operator with its operands for a subscript. Bounds that are open, and values that masks make meaningless, are `noise`.
  private static func encode(_ subscripts: [Subscript], noise: Int) throws -> (StridedSlice, [TestTensor]) {
    var values: (begin: [Int], end: [Int], stride: [Int]) = ([], [], [])
    var masks = [Int32](repeating: 0, count: 5)
    for (place, item) in subscripts.enumerated() {
      let bit = Int32(1) << Int32(place)
      var (begin, end, stride) = (noise, noise, 1)
      switch item {
      case .range(let first, let last, let step):
        if let first { begin = first } else { masks[0] |= bit }
        if let last { end = last } else { masks[1] |= bit }
        stride = step
      case .ellipsis: masks[2] |= bit
      case .newAxis: masks[3] |= bit
      case .index(let index):
        begin = index
        masks[4] |= bit
      }
      values.begin.append(begin)
      values.end.append(end)
      values.stride.append(stride)
    }
    let options = Dictionary(uniqueKeysWithValues: masks.enumerated().map { ($0, OptionsField.int32($1)) })
    return (
      try StridedSlice(options: .table(options)),
      try [values.begin, values.end, values.stride].map { try TestTensor(integers: $0, as: .int32) }
    )
  }

  private static func expected(_ input: Grid<UInt128>, _ subscripts: [Subscript]) -> Grid<UInt128> {
    let named = subscripts.filter {
      switch $0 {
      case .range, .index: true
      case .newAxis, .ellipsis: false
      }
    }.count
    // For each dimension of the input the positions taken; for each of the result the input's dimension, nil for a new one.
    var taken: [[Int]] = []
    var kept: [Int?] = []
    func takeWhole() {
      kept.append(taken.count)
      taken.append(Array(0..<input.dimensions[taken.count]))
    }
    for item in subscripts {
      switch item {
      case .range(let begin, let end, let stride):
        kept.append(taken.count)
        taken.append(Subscript.positions(input.dimensions[taken.count], begin, end, stride))
      case .index(let index): taken.append([index < 0 ? index + input.dimensions[taken.count] : index])
      case .newAxis: kept.append(nil)
      case .ellipsis: for _ in named..<input.dimensions.count { takeWhole() }
      }
    }
    while taken.count < input.dimensions.count { takeWhole() }
    return Grid<UInt128>(kept.map { $0.map { taken[$0].count } ?? 1 }) { place in
      var from = taken.map { $0.first ?? 0 }
      for (axis, coordinate) in zip(kept, place) { if let axis { from[axis] = taken[axis][coordinate] } }
      return input[from]
    }
  }

  private func check(
    _ element: ElementType, _ dimensions: [Int], _ subscripts: [Subscript], noise: Int = 0,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let input = Grid(dimensions, of: element)
    let (operation, operands) = try Self.encode(subscripts, noise: noise)
    try expectMoved(
      operation, element, [input.tensor(element)] + operands, [Self.expected(input, subscripts)],
      sourceLocation: sourceLocation)
  }

  @Test(arguments: [0, 1, 5], [1, 3, -1, -2, Int(Int32.max), -Int(Int32.max)])
  func takesEveryRange(_ size: Int, _ stride: Int) throws {
    let bounds: [Int?] = [nil, 0, 1, size + 3, -1, -size - 1, Int(Int32.max), Int(Int32.min)]
    for begin in bounds {
      for end in bounds { try check(.int16, [size], [.range(begin, end, stride)]) }
    }
  }

  /// Random subscripts of random shapes up to rank 8.
  @Test(arguments: 0..<30) func agreesWithPython(_ seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
    let dimensions = (0..<number(0...8)).map { _ in number(1...(seed % 2 == 0 ? 4 : 2)) }
    var subscripts: [Subscript] = []
    for size in dimensions.prefix(number(0...dimensions.count)) {
      if number(0...6) == 0 { subscripts.append(.newAxis) }
      if number(0...4) == 0 {
        // An ellipsis may put it on a smaller dimension.
        let least = dimensions.min() ?? 1
        subscripts.append(.index(number(-least...least - 1)))
      } else {
        func bound() -> Int? { number(0...3) == 0 ? nil : number(-size - 1...size + 1) }
        subscripts.append(.range(bound(), bound(), [1, 1, 2, -1, -2, 3][number(0...5)]))
      }
    }
    if number(0...1) == 0 { subscripts.insert(.ellipsis, at: number(0...subscripts.count)) }
    for element in ElementType.widths(for: dimensions) {
      try check(element, dimensions, subscripts, noise: number(-9...9))
    }
  }

  @Test(arguments: ElementType.movable) func takesElementsOfEveryType(_ element: ElementType) throws {
    try check(element, [4, 6, 5], [.range(-1, nil, -2), .range(1, 6, 2), .range(4, 0, -1)])
    for length in Sizes.lengths { try check(element, [length + 4], [.range(3, length + 3, 1)]) }
    for length in Sizes.lengths { try check(element, [2 * length + 1], [.range(nil, nil, 2)]) }
  }

  /// With `offset`, the end counts from the begin.
  @Test func countsTheEndFromTheBegin() throws {
    let input = Grid([4, 6, 5], of: .int32)
    let operands = try [[1, -4, 0], [2, 3, 5], [1, 1, 2]].map { try TestTensor(integers: $0, as: .int32) }
    try expectMoved(
      StridedSlice(options: .table([5: .bool(true)])), .int32, [input.tensor(.int32)] + operands,
      [Grid<UInt128>([2, 3, 3]) { input[[1 + $0[0], 2 + $0[1], 2 * $0[2]]] }])
  }

  @Test func refusesStridesAndIndices() throws {
    let inputs = try [TestTensor(zeros: .int32, [4, 3])] + (0..<3).map { _ in try TestTensor([1, 1] as [Int32]) }
    let outputs = [(ElementType.int32, Quantization.none)]
    let plain = try StridedSlice(options: .table([:]))
    try expectRejectedValues(
      plain, inputs, operand: 3, [[0, 1], [1, 0], [Int(Int32.min), 1], [1], [1, 1, 1], []], outputs: outputs)
    try expectRejectedValues(plain, inputs, operand: 1, [[1], [1, 1, 1]], outputs: outputs)
    let shrinking = try StridedSlice(options: .table([4: .int32(2)]))
    try expectRejectedValues(
      shrinking, inputs, operand: 1, [[0, 3], [0, Int(Int32.max)]], outputs: outputs)
    let three = try [inputs[0]] + (0..<3).map { _ in try TestTensor([1, 1, 1] as [Int32]) }
    expectRejection(.malformed, of: plain, three, outputs: outputs, "three ranges of two dimensions")
    expectRejection(.malformed, of: try StridedSlice(options: .table([2: .int32(3)])), inputs, outputs: outputs)
    let many = try (0..<3).map { _ in try TestTensor([Int32](repeating: 1, count: 32)) }
    expectRejection(
      .malformed, of: try StridedSlice(options: .table([3: .int32(-1)])), [inputs[0]] + many, outputs: outputs)
  }

  @Test func refusesOtherOperands() throws {
    let operation = try StridedSlice(options: .defaults)
    let inputs = try [TestTensor(zeros: .int32, [4])] + (0..<3).map { _ in try TestTensor([1] as [Int32]) }
    try expectOnly(ElementType.movable + [.string], for: operation, inputs)
    try expectOnly([.int32], for: operation, inputs, output: .int32)
    for index in 1...3 {
      try expectOnly([.int32], for: operation, inputs, changing: [index], output: .int32)
      var operands = inputs
      operands[index] = try TestTensor([1] as [Int32], [])
      expectRejection(.malformed, of: operation, operands, outputs: [(.int32, .none)], "a scalar as input \(index)")
    }
    expectOperandCounts(operation, inputs, outputs: [(.int32, .none)])
  }
}
