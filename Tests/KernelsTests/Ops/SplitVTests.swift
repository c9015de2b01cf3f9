import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct SplitVTests {
  private static func operation(_ count: Int) throws -> SplitV {
    try SplitV(options: .table([0: .int32(Int32(count))]))
  }

  private func check(
    _ element: ElementType, _ dimensions: [Int], _ sizes: [Int], axis: Int, sizeElement: ElementType = .int32
  ) throws {
    let input = Grid(dimensions, of: element)
    let place = axis < 0 ? axis + dimensions.count : axis
    // A size of -1 is what the others leave.
    let rest = dimensions[place] - sizes.filter { $0 >= 0 }.reduce(0, +)
    var start = 0
    let expected = sizes.map { size in
      var part = dimensions
      part[place] = size < 0 ? rest : size
      let first = start
      start += part[place]
      return Grid<UInt128>(part) { coordinates in
        var from = coordinates
        from[place] += first
        return input[from]
      }
    }
    try expectMoved(
      Self.operation(sizes.count), element,
      [
        input.tensor(element), TestTensor(integers: sizes, as: sizeElement),
        TestTensor(integers: [axis], [], as: .int32),
      ], expected)
  }

  static let sizes: [[Int]] = [
    [9], [-1], [4, 5], [4, -1], [-1, 4], [0, 9], [9, -1], [2, 0, 7], [1, 1, -1, 3], [0, 0, 9],
  ]

  @Test(arguments: sizes, [ElementType.int32, .int64])
  func cutsAlongEveryAxis(_ sizes: [Int], _ sizeElement: ElementType) throws {
    for (dimensions, axis) in [
      ([9], 0), ([9, 3], 0), ([3, 9], 1), ([3, 9], -1), ([2, 9, 5], -2), ([0, 9], 1), ([2, 1, 2, 9, 1, 2, 1, 2], 3),
    ] { try check(.int32, dimensions, sizes, axis: axis, sizeElement: sizeElement) }
  }

  @Test(arguments: ElementType.movable) func cutsElementsOfEveryType(_ element: ElementType) throws {
    for axis in 0..<3 { try check(element, [9, 9, 9], [2, 4, -1], axis: axis) }
    for length in Sizes.lengths { try check(element, [3, length + 5], [3, length, 2], axis: 1) }
  }

  @Test func refusesSizesAndAxes() throws {
    let two = [(ElementType.int32, Quantization.none), (.int32, .none)]
    let inputs = [
      try TestTensor(zeros: .int32, [9, 4]), try TestTensor([4, 5] as [Int32]), try TestTensor(zeros: .int32, []),
    ]
    let huge = Int(Int32.max)
    try expectRejectedValues(
      Self.operation(2), inputs, operand: 1,
      [[4, 4], [5, 5], [-1, -1], [10, -1], [-2, 11], [huge, huge], [huge, -huge], [9], [4, 3, 2], []], outputs: two)
    let wide = try TestTensor([Int64.max, Int64.max]).constant
    expectRejection(.malformed, of: try Self.operation(2), [inputs[0], wide, inputs[2]], outputs: two)
    try expectRejectedValues(
      Self.operation(2), inputs, operand: 2, [[1], [2], [-3], [huge], [Int(Int32.min)], [0, 0]], outputs: two)
    for count in [0, -1, 1, 3] {
      expectRejection(.malformed, of: try Self.operation(count), inputs, outputs: two, "\(count) parts")
    }
    expectRejection(
      .malformed, of: try Self.operation(2), [try TestTensor(zeros: .int32, []), inputs[1], inputs[2]], outputs: two)
  }

  @Test func refusesOtherOperands() throws {
    let operation = try Self.operation(2)
    let inputs = [
      try TestTensor(zeros: .int32, [9]), try TestTensor([4, 5] as [Int32]), try TestTensor(zeros: .int32, []),
    ]
    try expectOnly(ElementType.movable, for: operation, inputs, outputs: 2)
    try expectOnly([.int32], for: operation, inputs, output: .int32, outputs: 2)
    try expectOnly([.int32, .int64], for: operation, inputs, changing: [1], output: .int32, outputs: 2)
    expectOperandCounts(operation, inputs, outputs: [(.int32, .none), (.int32, .none)])
  }
}
