import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct ReshapeTests {
  static let cases: [([Int], [Int], [Int])] = [
    ([], [], []), ([], [-1], [1]), ([1, 1], [], []), ([6], [2, 3], [2, 3]), ([2, 3, 4], [-1, 4], [6, 4]),
    ([2, 3, 4], [4, -1], [4, 6]), ([2, 3, 4], [24], [24]), ([2, 3, 4], [2, -1, 4], [2, 3, 4]),
    ([1, 24], [1, 2, 1, 3, 1, 2, 1, 2], [1, 2, 1, 3, 1, 2, 1, 2]), ([0], [0, 5], [0, 5]), ([0, 4], [-1], [0]),
    ([3, 0], [-1, 7], [0, 7]), ([3, 0], [2, 0, 9], [2, 0, 9]), ([200, 250], [-1, 500], [100, 500]),
  ]

  /// The shape from the input, and from the options where that is possible.
  @Test(arguments: cases) func keepsTheElements(_ dimensions: [Int], _ shape: [Int], _ expected: [Int]) throws {
    for element in ElementType.widths(for: dimensions) {
      let input = Grid(dimensions, of: element)
      let result = Grid(expected, values: input.values)
      let vector = try TestTensor(integers: shape, as: .int32)
      try expectMoved(try Reshape(options: .defaults), element, [input.tensor(element), vector], [result])
      // The vector counts, whatever the options say.
      let other = try Reshape(options: .table([0: .int32s([99])]))
      try expectMoved(other, element, [input.tensor(element), vector], [result])
      try expectMoved(
        Reshape(options: .table([0: .int32s(shape.map(Int32.init))])), element, [input.tensor(element)], [result])
    }
  }

  @Test(arguments: ElementType.movable) func keepsElementsOfEveryType(_ element: ElementType) throws {
    for length in Sizes.lengths {
      let input = Grid([length, 2], of: element)
      try expectMoved(
        Reshape(options: .table([0: .int32s([2, Int32(length)])])), element, [input.tensor(element)],
        [Grid([2, length], values: input.values)])
    }
  }

  /// Old converters wrote [0] for a scalar and left the shape input out or gave it no dimension.
  @Test func takesOldFormsOfOptions() throws {
    let one = try TestTensor([7] as [Int32])
    let scalar = try run(Reshape(options: .table([0: .int32s([0])])), [one], outputs: [(.int32, .none)])[0]
    #expect(scalar.type.shape == .scalar && scalar.integers == [7])
    let options = try OperatorOptions.table([0: .int32s([1, 1])])
    for second in [nil, try TestTensor([5] as [Int32], []).constant] {
      let result = try run(Reshape(options: options), [one, second], outputs: [(.int32, .none)])[0]
      #expect(result.type.shape.dimensions == [1, 1])
    }
  }

  @Test func refusesShapes() throws {
    let huge = Int(Int32.max)
    let shapes = [
      [-1, -1], [5, 5], [-2, -12], [huge, huge, huge], [-1, 0], [-1, 5], [25], [], [0], [-1, huge, huge, huge],
      [Int(Int32.min)],
    ]
    let inputs = [try TestTensor(zeros: .int16, [2, 3, 4]), try TestTensor([24] as [Int32])]
    let outputs = [(ElementType.int16, Quantization.usual(for: .int16))]
    try expectRejectedValues(try Reshape(options: .defaults), inputs, operand: 1, shapes, outputs: outputs)
    for shape in shapes {
      expectRejection(
        .malformed, of: try Reshape(options: .table([0: .int32s(shape.map { Int32($0) })])), [inputs[0]],
        outputs: outputs, "\(shape)")
    }
  }

  @Test func refusesOtherOperands() throws {
    let operation = try Reshape(options: .defaults)
    let inputs = [try TestTensor(zeros: .int32, [2]), try TestTensor([2] as [Int32])]
    try expectOnly(ElementType.movable + [.string], for: operation, inputs)
    try expectOnly([.int32], for: operation, inputs, output: .int32)
    try expectOnly([.int32], for: operation, inputs, changing: [1], output: .int32)
    expectOperandCounts(operation, inputs, outputs: [(.int32, .none)])
  }
}
