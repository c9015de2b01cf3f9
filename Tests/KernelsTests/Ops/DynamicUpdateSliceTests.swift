import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct DynamicUpdateSliceTests {
  private let operation = DynamicUpdateSlice(options: .defaults)

  private func check(
    _ dimensions: [Int], _ update: [Int], _ start: [Int], _ elements: [ElementType], _ startType: ElementType = .int32,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let input = Grid.numbered(dimensions)
    let box = Grid.numbered(update, from: 100)
    // The start is moved so that the box lies inside.
    let moved = start.indices.map { min(max(start[$0], 0), dimensions[$0] - update[$0]) }
    let expected = Grid(dimensions) { place in
      let from = place.indices.map { place[$0] - moved[$0] }
      let isInside = from.indices.allSatisfy { from[$0] >= 0 && from[$0] < update[$0] }
      return isInside ? box[from] : input[place]
    }
    for element in elements {
      try expectMoved(
        operation, [try input.tensor(element), try box.tensor(element), try vector(start, startType, constant: false)],
        element, expected, sourceLocation: sourceLocation)
    }
  }

  static let cases: [([Int], [Int], [Int])] = [
    ([], [], []), ([7], [3], [2]), ([17], [16], [1]), ([5], [0], [3]), ([0], [0], [0]), ([4, 5], [2, 3], [1, 2]),
    ([4, 5], [4, 5], [0, 0]), ([4, 5], [2, 0], [1, 1]), ([3, 4, 5], [1, 4, 5], [2, 0, 0]),
    ([3, 4, 5], [3, 1, 1], [0, 3, 4]),
    ([2, 3, 2, 3], [1, 2, 1, 2], [1, 1, 0, 1]), ([2, 2, 2, 2, 2], [1, 2, 1, 2, 1], [1, 0, 1, 0, 1]),
    ([2, 1, 2, 1, 2, 1, 2, 3], [1, 1, 2, 1, 1, 1, 2, 2], [1, 0, 0, 0, 1, 0, 0, 1]), ([300, 70], [299, 69], [1, 1]),
  ]

  @Test(arguments: cases) func replacesABox(_ dimensions: [Int], _ update: [Int], _ start: [Int]) throws {
    try check(dimensions, update, start, dimensions.reduce(1, *) > 10_000 ? [.uint8] : ElementType.movable)
  }

  @Test(
    arguments: [[7, 2], [-1, 2], [2, -9], [Int(Int32.max), Int(Int32.min)]], [ElementType.int8, .int4, .int64])
  func movesTheStartInside(_ start: [Int], _ element: ElementType) throws {
    try check([4, 5], [2, 3], start, [element])
    try check([4, 5], [2, 3], start.map { $0 > 100 ? .max : $0 < -100 ? .min : $0 }, [element], .int64)
  }

  @Test(arguments: [[3, 1], [1, 6], [4], [4, 1, 1], []]) func refusesUpdates(_ update: [Int]) throws {
    expectRejection(
      .malformed, of: operation,
      [try TestTensor(zeros: .float32, [2, 5]), try TestTensor(zeros: .float32, update), try vector([0, 0])],
      outputs: [(.float32, .none)])
  }

  @Test func refusesOtherOperands() throws {
    let inputs = [try TestTensor(zeros: .float32, [3]), try TestTensor(zeros: .float32, [1]), try vector([0])]
    try expectOnly(ElementType.movable, for: operation, inputs, changing: [0, 1])
    try expectOnly([.float32], for: operation, inputs, changing: [1], output: .float32)
    try expectOnly([.int32, .int64], for: operation, inputs, changing: [2], output: .float32)
    expectOperandCounts(operation, inputs, outputs: [(.float32, .none)])
    expectRejection(.malformed, of: operation, inputs, outputs: [(.int32, .none)])
    for start in [try vector([]), try vector([0, 0]), try TestTensor([0] as [Int32], [])] {
      expectRejection(.malformed, of: operation, [inputs[0], inputs[1], start], outputs: [(.float32, .none)])
    }
  }
}
