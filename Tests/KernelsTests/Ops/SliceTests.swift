import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct SliceTests {
  private let operation = Slice(options: .defaults)

  private func check(
    _ element: ElementType, _ dimensions: [Int], _ begin: [Int], _ size: [Int], indices: ElementType = .int32
  ) throws {
    let input = Grid(dimensions, of: element)
    let box = dimensions.indices.map { size[$0] == -1 ? dimensions[$0] - begin[$0] : size[$0] }
    let expected = Grid<UInt128>(box) { place in input[zip(place, begin).map { $0 + $1 }] }
    try expectMoved(
      operation, element,
      [input.tensor(element), TestTensor(integers: begin, as: indices), TestTensor(integers: size, as: indices)],
      [expected])
  }

  static let boxes: [([Int], [Int], [Int])] =
    Sizes.lengths.map { ([$0 + 3], [2], [$0]) } + [
      ([], [], []), ([4], [4], [0]), ([4], [4], [-1]), ([4], [0], [-1]), ([0], [0], [0]), ([0, 3], [0, 1], [-1, 2]),
      ([3, 7, 5], [1, 2, 1], [-1, 3, 4]), ([3, 7, 5], [0, 0, 0], [3, 7, 5]), ([3, 7, 5], [1, 0, 0], [1, 7, 5]),
      ([3, 7, 5], [1, 2, 3], [2, 0, 1]), ([2, 3, 4, 5, 2], [0, 1, 0, 2, 0], [-1, 2, -1, 3, -1]),
      ([2, 3, 2, 3, 2, 3, 2, 3], [1, 0, 1, 1, 0, 2, 0, 1], [1, 3, 1, 2, 2, 1, -1, 2]),
      ([70, 300], [3, 5], [60, 290]),
    ]

  @Test(arguments: boxes) func takesABox(_ dimensions: [Int], _ begin: [Int], _ size: [Int]) throws {
    for element in ElementType.widths(for: dimensions) { try check(element, dimensions, begin, size) }
  }

  @Test(arguments: ElementType.movable, [ElementType.int32, .int64])
  func takesElementsOfEveryType(_ element: ElementType, _ indices: ElementType) throws {
    try check(element, [3, 7, 5], [1, 2, 1], [2, -1, 3], indices: indices)
    try check(element, [9], [3], [5], indices: indices)
  }

  @Test func refusesBoxesOutside() throws {
    let inputs = [
      try TestTensor(zeros: .int32, [3, 7]), try TestTensor([1, 2] as [Int32]), try TestTensor([1, 2] as [Int32]),
    ]
    let huge = Int(Int32.max)
    try expectRejectedValues(
      operation, inputs, operand: 1,
      [[-1, 0], [0, 6], [3, 0], [4, 0], [huge, 0], [0, -huge], [1], [0, 0, 0], []],
      outputs: [(.int32, .none)])
    try expectRejectedValues(
      operation, inputs, operand: 2, [[3, 1], [1, 6], [-2, 1], [1, huge], [-huge, 1], [1], [1, 1, 1], []],
      outputs: [(.int32, .none)])
    for value in [Int64.max, .min] {
      let wide = try TestTensor([value, 0]).constant
      expectRejection(.malformed, of: operation, [inputs[0], wide, inputs[2]], outputs: [(.int32, .none)])
      expectRejection(.malformed, of: operation, [inputs[0], inputs[1], wide], outputs: [(.int32, .none)])
    }
  }

  /// A size that fits the declared shape ends where the smaller input of a resized model ends.
  @Test func shortensSizesThatTheDeclaredShapeFits() throws {
    let present = try #require(Shape([2, 5]))
    let declared = try #require(Shape([8, 5]))
    #expect(try Slice.box(present, declared: declared, begin: [1, 0], size: [7, 5]).shape.dimensions == [1, 5])
    for (begin, size) in [([1, 0], [8, 5]), ([3, 0], [1, 5]), ([0, 0], [8, 6]), ([0, 0], [-2, 5])] {
      #expect(throws: OperatorError.self) {
        try Slice.box(present, declared: declared, begin: begin, size: size)
      }
    }
  }

  @Test func refusesOtherOperands() throws {
    let inputs = [
      try TestTensor(zeros: .int32, [2]), try TestTensor([0] as [Int32]), try TestTensor([1] as [Int32]),
    ]
    try expectOnly(ElementType.movable + [.string], for: operation, inputs)
    try expectOnly([.int32], for: operation, inputs, output: .int32)
    for index in [1, 2] {
      try expectOnly([.int32, .int64], for: operation, inputs, changing: [index], output: .int32)
    }
    expectOperandCounts(operation, inputs, outputs: [(.int32, .none)])
  }
}
