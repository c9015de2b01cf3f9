import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct BroadcastToTests {
  private let operation = BroadcastTo(options: .defaults)

  private func check(_ from: [Int], _ to: [Int], _ elements: [ElementType], _ shape: TestTensor) throws {
    let input = Grid.numbered(from)
    let expected = Grid(to) { place in
      input[zip(from, place.suffix(from.count)).map { $0 == 1 ? 0 : $1 }]
    }
    for element in elements {
      try expectMoved(operation, [try input.tensor(element), shape], element, expected)
    }
  }

  static let shapes: [([Int], [Int])] = [
    ([], []), ([], [7]), ([1], [1]), ([1], [33]), ([16], [16]), ([17], [3, 17]), ([2, 1, 3], [2, 5, 3]),
    ([2, 1], [2, 67]), ([1, 3, 1, 2], [4, 3, 5, 2]), ([3, 1], [2, 2, 3, 4]), ([1, 0], [5, 0]), ([1], [2, 0]),
    ([2, 1, 2, 1, 2], [2, 3, 2, 3, 2]), ([1, 2, 1, 2, 1, 2, 1, 2], [2, 2, 2, 2, 2, 2, 2, 2]), ([5], [900, 5]),
  ]

  @Test(arguments: shapes) func repeats(_ from: [Int], _ to: [Int]) throws {
    try check(from, to, ElementType.movable, vector(to))
  }

  @Test(arguments: [ElementType.int32, .int64], [true, false]) func takesShapes(
    _ shapeType: ElementType, constant: Bool
  ) throws {
    try check([2, 1, 3], [4, 2, 5, 3], [.int16], vector([4, 2, 5, 3], shapeType, constant: constant))
  }

  @Test(
    arguments: [
      [3], [2, 3], [-1, 2], [2, -1], [2, 0], [Int(Int32.max), Int(Int32.max), 1, 2], [2, 1], [],
    ] as [[Int]])
  func refusesShapes(_ shape: [Int]) throws {
    expectRejection(
      .malformed, of: operation, [try TestTensor([1, 2] as [Float], [1, 2]), try vector(shape)],
      outputs: [(.float32, .none)])
  }

  @Test func refusesOtherOperands() throws {
    let inputs = [try TestTensor([1] as [Float]), try vector([2])]
    try expectOnly(ElementType.movable, for: operation, inputs)
    try expectOnly([.int32, .int64], for: operation, inputs, changing: [1], output: .float32)
    expectOperandCounts(operation, inputs, outputs: [(.float32, .none)])
    expectRejection(.malformed, of: operation, inputs, outputs: [(.int32, .none)])
  }
}
