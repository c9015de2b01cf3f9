import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct TileTests {
  private let operation = Tile(options: .defaults)

  private func check(
    _ element: ElementType, _ dimensions: [Int], _ multiples: [Int], _ multipleElement: ElementType = .int32
  ) throws {
    let input = Grid(dimensions, of: element)
    let expected = Grid<UInt128>(zip(dimensions, multiples).map { $0 * $1 }) { place in
      input[zip(place, dimensions).map { $0 % $1 }]
    }
    try expectMoved(
      operation, element, [input.tensor(element), TestTensor(integers: multiples, as: multipleElement)], [expected])
  }

  static let cases: [([Int], [Int])] = [
    ([], []), ([1], [1]), ([0], [5]), ([5], [0]), ([3], [7]), ([2, 1, 3], [2, 3, 2]), ([2, 3, 4], [1, 1, 1]),
    ([2, 3, 4], [3, 1, 1]), ([2, 3, 4], [1, 3, 1]), ([2, 3, 4], [1, 1, 3]), ([2, 0, 4], [2, 2, 2]),
    ([2, 3, 4], [2, 0, 2]), ([1, 2, 1, 2, 1, 2], [2, 2, 1, 3, 2, 1]),
    ([2, 1, 2, 1, 2, 1, 2, 1], [1, 2, 2, 1, 1, 2, 1, 3]),
    ([30, 20], [5, 4]), ([1, 1], [100, 120]),
  ]

  @Test(arguments: cases) func repeats(_ dimensions: [Int], _ multiples: [Int]) throws {
    for element in ElementType.widths(for: dimensions) { try check(element, dimensions, multiples) }
  }

  @Test(arguments: ElementType.movable, [ElementType.int32, .int64])
  func repeatsElementsOfEveryType(_ element: ElementType, _ multipleElement: ElementType) throws {
    try check(element, [2, 3], [2, 3], multipleElement)
    for length in Sizes.lengths { try check(element, [length], [3], multipleElement) }
  }

  @Test func refusesMultiples() throws {
    let inputs = [try TestTensor(zeros: .int32, [2, 3]), try TestTensor([1, 1] as [Int32])]
    let huge = Int(Int32.max)
    try expectRejectedValues(
      operation, inputs, operand: 1, [[-1, 1], [1, -1], [huge, 1], [huge, huge], [1], [1, 1, 1], []],
      outputs: [(.int32, .none)])
    for value in [Int64.max, .min] {
      expectRejection(
        .malformed, of: operation, [inputs[0], try TestTensor([value, 2]).constant], outputs: [(.int32, .none)])
    }
  }

  @Test func refusesOtherOperands() throws {
    let inputs = [try TestTensor(zeros: .int32, [2]), try TestTensor([2] as [Int32])]
    try expectOnly(ElementType.movable + [.string], for: operation, inputs)
    try expectOnly([.int32], for: operation, inputs, output: .int32)
    try expectOnly([.int32, .int64], for: operation, inputs, changing: [1], output: .int32)
    expectOperandCounts(operation, inputs, outputs: [(.int32, .none)])
  }
}
