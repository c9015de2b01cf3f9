import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct DepthToSpaceTests {
  private func operation(_ blockSize: Int) throws -> DepthToSpace {
    try DepthToSpace(options: .table([0: .int32(Int32(clamping: blockSize))]))
  }

  static let cases: [([Int], Int)] = [
    ([1, 1, 1, 1], 1), ([1, 1, 1, 4], 2), ([2, 2, 3, 12], 2), ([1, 2, 3, 18], 3), ([2, 3, 1, 32], 4),
    ([1, 5, 4, 68], 2), ([0, 2, 2, 4], 2), ([1, 0, 2, 4], 2), ([2, 2, 2, 0], 2), ([1, 40, 70, 16], 2),
  ]

  @Test(arguments: cases) func movesChannelsIntoSquares(_ dimensions: [Int], _ block: Int) throws {
    let input = Grid.numbered(dimensions)
    let depth = dimensions[3] / (block * block)
    let expected = Grid([dimensions[0], dimensions[1] * block, dimensions[2] * block, depth]) { place in
      let square = place[1] % block * block + place[2] % block
      return input[[place[0], place[1] / block, place[2] / block, square * depth + place[3]]]
    }
    let large = dimensions.reduce(1, *) > 10_000
    for element in large ? [.uint8] : ElementType.movable {
      try expectMoved(operation(block), [try input.tensor(element)], element, expected)
    }
  }

  @Test(arguments: [0, -1, 3, 4, Int(Int32.max), Int(Int32.min)]) func refusesBlockSizes(_ block: Int) throws {
    expectRejection(
      .malformed, of: try operation(block), [try TestTensor(zeros: .float32, [1, 2, 2, 4])],
      outputs: [(.float32, .none)]
    )
    // No channels are a multiple of everything.
    let empty = try TestTensor(zeros: .float32, [1, 0, 2, 0])
    if block < 1 || block > 4 {
      expectRejection(.malformed, of: try operation(block), [empty], outputs: [(.float32, .none)])
    }
  }

  @Test(arguments: [[], [4], [2, 2, 4], [1, 1, 2, 2, 4]]) func refusesRanks(_ dimensions: [Int]) throws {
    expectRejection(
      .malformed, of: try operation(2), [try TestTensor(zeros: .float32, dimensions)], outputs: [(.float32, .none)])
  }

  @Test func refusesOtherOperands() throws {
    let inputs = [try TestTensor(zeros: .float32, [1, 1, 1, 4])]
    try expectOnly(ElementType.movable, for: operation(2), inputs)
    try expectOperandCounts(operation(2), inputs, outputs: [(.float32, .none)])
    expectRejection(.malformed, of: try operation(2), inputs, outputs: [(.int32, .none)])
  }
}
