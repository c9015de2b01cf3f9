import KernelTestSupport
import Kernels
import TensorTypes
import Testing

/// Operators that only move elements, against copies by coordinates.
@Suite struct DataMovementTests {
  private func grid<T: FixedWidthInteger>(_ dimensions: [Int], _: T.Type = T.self) -> Grid<T> {
    var next: T = 0
    return Grid(dimensions) { _ in
      next = next &+ 7
      return next
    }
  }

  private func tensor<T: FixedWidthInteger & BitwiseCopyable>(_ grid: Grid<T>) throws -> TestTensor {
    try TestTensor(grid.values, grid.dimensions)
  }

  private func vector(_ values: [Int], constant: Bool = true) throws -> TestTensor {
    let tensor = try TestTensor(values.map(Int32.init))
    return constant ? tensor.constant : tensor
  }

  private func check<T: FixedWidthInteger & BitwiseCopyable>(
    _ operation: any Operator, _ inputs: [TestTensor?], _ element: ElementType, _ expected: Grid<T>,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    for threads in [1, 3] {
      let result = try run(operation, inputs, outputs: [(element, .none)], threads: threads)[0]
      #expect(result.type.shape.dimensions == expected.dimensions, sourceLocation: sourceLocation)
      #expect(result.values(T.self) == expected.values, sourceLocation: sourceLocation)
    }
  }

  static let permutations: [([Int], [Int])] = [
    ([5], [0]), ([3, 5], [1, 0]), ([17, 33], [1, 0]), ([2, 3, 4], [2, 0, 1]), ([1, 16, 9, 31], [0, 3, 1, 2]),
    ([2, 35, 3, 5], [0, 2, 3, 1]), ([2, 1, 3, 4, 5], [4, 3, 2, 1, 0]), ([2, 3, 2, 3, 2, 3], [5, 1, 4, 0, 3, 2]),
    ([0, 4], [1, 0]), ([1100, 20], [1, 0]),
  ]

  private func transposed<T: FixedWidthInteger & BitwiseCopyable>(
    _: T.Type, _ element: ElementType, _ dimensions: [Int], _ axes: [Int]
  ) throws {
    let input = grid(dimensions, T.self)
    let expected = Grid<T>(axes.map { dimensions[$0] }) { place in
      var from = place
      for (index, axis) in axes.enumerated() { from[axis] = place[index] }
      return input[from]
    }
    try check(Transpose(options: .defaults), [try tensor(input), try vector(axes)], element, expected)
    try check(Transpose(options: .defaults), [try tensor(input), try vector(axes, constant: false)], element, expected)
  }

  @Test(arguments: permutations) func transposes(_ dimensions: [Int], _ axes: [Int]) throws {
    try transposed(UInt8.self, .uint8, dimensions, axes)
    try transposed(Int16.self, .int16, dimensions, axes)
    try transposed(Int32.self, .int32, dimensions, axes)
    try transposed(Int64.self, .int64, dimensions, axes)
  }

  @Test func transposesPackedElements() throws {
    // [2, 3] of four bits: 1 2 3 / 4 5 6 becomes 1 4 / 2 5 / 3 6.
    let input = try TestTensor([0x21, 0x43, 0x65] as [UInt8], [2, 3], element: .int4)
    let result = try run(Transpose(options: .defaults), [input, try vector([1, 0])], outputs: [(.int4, .none)])[0]
    #expect(result.bytes == [0x41, 0x52, 0x63])
  }

  @Test(arguments: [[0, 0], [2, 0], [-3, 1], [0]]) func refusesPermutations(_ axes: [Int]) throws {
    #expect(throws: OperatorError.self) {
      try run(
        Transpose(options: .defaults), [TestTensor([1, 2] as [Int32], [1, 2]), vector(axes)], outputs: [(.int32, .none)]
      )
    }
  }

  @Test func reshapes() throws {
    let input = grid([2, 3, 4], Int16.self)
    let values = Grid<Int16>([6, 4], values: input.values)
    try check(Reshape(options: .defaults), [try tensor(input), try vector([-1, 4])], .int16, values)
    try check(Reshape(options: .table([0: .int32s([6, -1])])), [try tensor(input)], .int16, values)
    for shape in [[-1, -1], [5, 5], [-2, -12], [Int(Int32.max), Int(Int32.max), Int(Int32.max)], [-1, 0]] {
      #expect(throws: OperatorError.self) {
        try run(Reshape(options: .defaults), [tensor(input), vector(shape)], outputs: [(.int16, .none)])
      }
    }
  }

  @Test func slices() throws {
    let input = grid([3, 7, 5], UInt8.self)
    let expected = Grid<UInt8>([2, 3, 4]) { input[[$0[0] + 1, $0[1] + 2, $0[2] + 1]] }
    try check(
      Slice(options: .defaults), [try tensor(input), try vector([1, 2, 1]), try vector([-1, 3, 4])], .uint8, expected)
    for (begin, size) in [
      ([0, 0, 6], [1, 1, 0]), ([0, 0, 0], [4, 1, 1]), ([-1, 0, 0], [1, 1, 1]), ([0, 0, 0], [-2, 1, 1]),
    ] {
      #expect(throws: OperatorError.self) {
        try run(Slice(options: .defaults), [tensor(input), vector(begin), vector(size)], outputs: [(.uint8, .none)])
      }
    }
  }

  @Test func slicesWithStrides() throws {
    let input = grid([4, 6, 5], Int32.self)
    let whole = try tensor(input)
    func slice(_ begin: [Int], _ end: [Int], _ strides: [Int], _ options: [Int: OptionsField] = [:]) throws
      -> [TestTensor?]
    {
      [whole, try vector(begin), try vector(end), try vector(strides)]
    }
    try check(
      StridedSlice(options: .defaults), try slice([-1, 1, 4], [0, 6, -6], [-2, 2, -1]), .int32,
      Grid<Int32>([2, 3, 5]) { input[[3 - 2 * $0[0], 1 + 2 * $0[1], 4 - $0[2]]] })
    // [2, ..., 1:3], the first dimension dropped
    try check(
      StridedSlice(options: .table([2: .int32(2), 4: .int32(1)])), try slice([2, 0, 1], [0, 0, 3], [1, 1, 1]), .int32,
      Grid<Int32>([6, 2]) { input[[2, $0[0], 1 + $0[1]]] })
    // [:, newaxis, 3:]
    try check(
      StridedSlice(options: .table([0: .int32(1), 1: .int32(5), 3: .int32(2)])),
      try slice([0, 0, 3], [0, 0, 0], [1, 1, 1]),
      .int32, Grid<Int32>([4, 1, 3, 5]) { input[[$0[0], 3 + $0[2], $0[3]]] })
    // end counted from begin
    try check(
      StridedSlice(options: .table([5: .bool(true)])), try slice([1, 2, 0], [2, 3, 5], [1, 1, 1]), .int32,
      Grid<Int32>([2, 3, 5]) { input[[1 + $0[0], 2 + $0[1], $0[2]]] })
    // nothing left
    try check(
      StridedSlice(options: .defaults), try slice([3, 0, 0], [1, 6, 5], [1, 1, 1]), .int32,
      Grid<Int32>([0, 6, 5]) { _ in 0 })
    for strides in [[0, 1, 1], [Int(Int32.min), 1, 1]] {
      #expect(throws: OperatorError.self) {
        try run(StridedSlice(options: .defaults), slice([0, 0, 0], [1, 1, 1], strides), outputs: [(.int32, .none)])
      }
    }
    #expect(throws: OperatorError.self) {
      try run(
        StridedSlice(options: .table([4: .int32(1)])), slice([9, 0, 0], [1, 1, 1], [1, 1, 1]),
        outputs: [(.int32, .none)])
    }
  }

  @Test func pads() throws {
    let input = grid([2, 3, 4], Int32.self)
    let paddings = try TestTensor([0, 1, 2, 0, 3, 5] as [Int32], [3, 2])
    let expected = Grid<Int32>([3, 5, 12]) { place in
      let from = [place[0], place[1] - 2, place[2] - 3]
      return zip(from, input.dimensions).allSatisfy { $0 >= 0 && $0 < $1 } ? input[from] : 9
    }
    try check(
      PadV2(options: .defaults), [try tensor(input), paddings.constant, try TestTensor([9] as [Int32], [])], .int32,
      expected)
    let zeros = Grid<Int32>(expected.dimensions, values: expected.values.map { $0 == 9 ? 0 : $0 })
    try check(Pad(options: .defaults), [try tensor(input), paddings], .int32, zeros)
    for bad in [[0, -1, 0, 0, 0, 0], [0, Int32.max, 0, Int32.max, 0, Int32.max]] as [[Int32]] {
      #expect(throws: OperatorError.self) {
        try run(
          Pad(options: .defaults), [tensor(input), TestTensor(bad, [3, 2]).constant], outputs: [(.int32, .none)])
      }
    }
  }

  @Test(arguments: [0, 1]) func mirrors(mode: Int) throws {
    let input = grid([3, 4], UInt8.self)
    let offset = 1 - mode
    func reflect(_ index: Int, _ size: Int) -> Int {
      if index < 0 { return -index - 1 + offset }
      return index < size ? index : 2 * size - index - 1 - offset
    }
    let expected = Grid<UInt8>([6, 7]) { input[[reflect($0[0] - 1, 3), reflect($0[1] - 2, 4)]] }
    try check(
      MirrorPad(options: .table([0: .int8(Int8(mode))])),
      [try tensor(input), try TestTensor([1, 2, 2, 1] as [Int32], [2, 2]).constant], .uint8, expected)
    #expect(throws: OperatorError.self) {
      try run(
        MirrorPad(options: .table([0: .int8(Int8(mode))])),
        [tensor(input), TestTensor([4, 0, 0, 0] as [Int32], [2, 2]).constant], outputs: [(.uint8, .none)])
    }
  }

  @Test func repeats() throws {
    let input = grid([2, 1, 3], Int64.self)
    try check(
      Tile(options: .defaults), [try tensor(input), try vector([2, 3, 2])], .int64,
      Grid<Int64>([4, 3, 6]) { input[[$0[0] % 2, 0, $0[2] % 3]] })
    try check(
      ReverseV2(options: .defaults), [try tensor(input), try vector([0, -1])], .int64,
      Grid<Int64>([2, 1, 3]) { input[[1 - $0[0], 0, 2 - $0[2]]] })
  }

  @Test func movesBlocksOfChannels() throws {
    let input = grid([2, 4, 6, 3], UInt8.self)
    let deep = Grid<UInt8>([2, 2, 3, 12]) { place in
      let square = place[3] / 3
      return input[[place[0], place[1] * 2 + square / 2, place[2] * 2 + square % 2, place[3] % 3]]
    }
    let options = try OperatorOptions.table([0: .int32(2)])
    try check(SpaceToDepth(options: options), [try tensor(input)], .uint8, deep)
    let batches = Grid<UInt8>([8, 2, 3, 3]) { place in
      let shift = place[0] / 2
      return input[[place[0] % 2, place[1] * 2 + shift / 2, place[2] * 2 + shift % 2, place[3]]]
    }
    let block = try vector([2, 2])
    let borders = try TestTensor([0, 0, 0, 0] as [Int32], [2, 2]).constant
    try check(SpaceToBatchNd(options: .defaults), [try tensor(input), block, borders], .uint8, batches)
  }

  @Test func splits() throws {
    let input = grid([2, 6, 3], Int32.self)
    let parts = try run(
      Split(options: .table([0: .int32(3)])), [try TestTensor([1] as [Int32], []).constant, try tensor(input)],
      outputs: [(.int32, .none), (.int32, .none), (.int32, .none)])
    for (index, part) in parts.enumerated() {
      #expect(part.values(Int32.self) == Grid<Int32>([2, 2, 3]) { input[[$0[0], $0[1] + 2 * index, $0[2]]] }.values)
    }
    let uneven = try run(
      SplitV(options: .table([0: .int32(2)])),
      [try tensor(input), try vector([4, -1]), try TestTensor([1] as [Int32], []).constant],
      outputs: [(.int32, .none), (.int32, .none)])
    #expect(uneven[0].values(Int32.self) == Grid<Int32>([2, 4, 3]) { input[$0] }.values)
    #expect(uneven[1].values(Int32.self) == Grid<Int32>([2, 2, 3]) { input[[$0[0], $0[1] + 4, $0[2]]] }.values)
    let slices = try run(
      Unpack(options: .table([0: .int32(2), 1: .int32(0)])), [try tensor(input)],
      outputs: [(.int32, .none), (.int32, .none)])
    #expect(slices[1].values(Int32.self) == Grid<Int32>([6, 3]) { input[[1] + $0] }.values)
    try check(
      Pack(options: .table([0: .int32(2), 1: .int32(1)])), slices, .int32,
      Grid<Int32>([6, 2, 3]) { input[[$0[1], $0[0], $0[2]]] })
  }
}
