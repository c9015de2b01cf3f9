import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct SpaceToDepthTests {
  private static func operation(_ block: Int) throws -> SpaceToDepth {
    try SpaceToDepth(options: .table([0: .int32(Int32(block))]))
  }

  /// Channel `(row * block + column) * depth + d` of a pixel is channel `d` of that row and column of its square.
  private func check(_ element: ElementType, _ dimensions: [Int], block: Int) throws {
    let input = Grid(dimensions, of: element)
    let depth = dimensions[3]
    let shape = [dimensions[0], dimensions[1] / block, dimensions[2] / block, depth * block * block]
    let expected = Grid<UInt128>(shape) { place in
      let square = place[3] / depth
      return input[
        [place[0], place[1] * block + square / block, place[2] * block + square % block, place[3] % depth]]
    }
    try expectMoved(Self.operation(block), element, [input.tensor(element)], [expected])
  }

  static let cases: [([Int], Int)] =
    Sizes.lengths.map { ([1, 2, 4, $0], 2) } + [
      ([2, 4, 6, 3], 1), ([2, 4, 6, 3], 2), ([1, 9, 6, 2], 3), ([3, 5, 5, 1], 5), ([0, 4, 4, 3], 2), ([2, 0, 4, 3], 2),
      ([2, 4, 0, 3], 4), ([1, 32, 32, 8], 4),
    ]

  @Test(arguments: cases) func movesSquaresIntoChannels(_ dimensions: [Int], _ block: Int) throws {
    for element in ElementType.widths(for: dimensions) { try check(element, dimensions, block: block) }
  }

  @Test(arguments: ElementType.movable) func movesElementsOfEveryType(_ element: ElementType) throws {
    try check(element, [2, 4, 6, 3], block: 2)
  }

  @Test(arguments: [0, -1, 3, 4, 8, Int(Int32.max), Int(Int32.min)]) func refusesBlocks(_ block: Int) throws {
    expectRejection(
      .malformed, of: try Self.operation(block), [try TestTensor(zeros: .int32, [1, 4, 6, 2])],
      outputs: [(.int32, .none)])
  }

  /// A block that divides an empty image may still give too many channels.
  @Test func refusesShapesThatAreTooLarge() throws {
    for dimensions in [[0, 0, 0, 3], [1, 0, 0, 1]] {
      expectRejection(
        .malformed, of: try Self.operation(Int(Int32.max)), [try TestTensor(zeros: .int32, dimensions)],
        outputs: [(.int32, .none)])
    }
  }

  @Test(arguments: [[], [4], [4, 4, 1], [1, 1, 4, 4, 1]]) func refusesOtherRanks(_ dimensions: [Int]) throws {
    expectRejection(
      .malformed, of: try Self.operation(2), [try TestTensor(zeros: .int32, dimensions)], outputs: [(.int32, .none)])
  }

  @Test func refusesOtherOperands() throws {
    let operation = try Self.operation(2)
    let inputs = [try TestTensor(zeros: .int32, [1, 2, 2, 1])]
    try expectOnly(ElementType.movable, for: operation, inputs)
    try expectOnly([.int32], for: operation, inputs, output: .int32)
    expectOperandCounts(operation, inputs, outputs: [(.int32, .none)])
  }
}
