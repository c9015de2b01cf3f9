import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct GatherNdTests {
  private let operation = GatherNd(options: .defaults)

  /// The input's shape and that of the indices.
  static let cases: [([Int], [Int])] = [
    ([5], [1]), ([5], [3, 1]), ([33], [67, 1]), ([2, 5, 3], [2, 2]), ([2, 5, 3], [4, 3]), ([2, 5, 17], [3, 1]),
    ([2, 5, 3], [2, 3, 2]), ([4, 3], [0, 2]), ([4, 0], [2, 1]), ([3, 2], [2, 0]), ([3, 2], [0]), ([3, 2], [2]),
    ([2, 2, 2, 2, 3], [3, 5]), ([2, 1, 2, 1, 2, 1, 2, 3], [2, 8]), ([2, 1, 2, 1, 2, 1, 2, 3], [2, 1, 4]),
    ([300, 70], [290, 1]),
  ]

  /// `result[place..., inner...] = input[indices[place]..., inner...]`.
  private func check(_ dimensions: [Int], _ indices: [Int], _ elements: [ElementType], _ indexType: ElementType) throws
  {
    let input = Grid.numbered(dimensions)
    let depth = indices[indices.count - 1]
    let coordinates = Grid(indices) { place in
      place.enumerated().reduce(5) { $0 * 31 + $1.element * 17 + $1.offset }
        % max(dimensions[place[place.count - 1]], 1)
    }
    let outer = indices.count - 1
    let expected = Grid(indices.dropLast() + dimensions[depth...]) { place in
      input[(0..<depth).map { coordinates[Array(place[..<outer]) + [$0]] } + place[outer...]]
    }
    let positions = try TestTensor(integers: coordinates.values, indices, as: indexType)
    for element in elements {
      try expectMoved(operation, [try input.tensor(element), positions], element, expected)
    }
  }

  @Test(arguments: cases) func gathers(_ dimensions: [Int], _ indices: [Int]) throws {
    try check(dimensions, indices, dimensions.reduce(1, *) > 10_000 ? [.uint8] : ElementType.movable, .int32)
    for indexType in [ElementType.int16, .int64] { try check(dimensions, indices, [.float32], indexType) }
  }

  @Test(arguments: [[0, -1], [0, 5], [2, 0], [Int.max, 0], [0, Int.min]], [true, false])
  func refusesIndices(_ indices: [Int], _ constant: Bool) throws {
    expectRejection(
      of: operation, [try TestTensor(zeros: .float32, [2, 5, 3]), try vector(indices, .int64, constant: constant)],
      outputs: [(.float32, .none)])
  }

  @Test func refusesShapes() throws {
    let input = try TestTensor(zeros: .float32, [2, 5])
    for indices in [[], [3], [1, 3], [0, 3]] {
      expectRejection(
        .malformed, of: operation, [input, try TestTensor(zeros: .int32, indices)], outputs: [(.float32, .none)],
        "\(indices)")
    }
    expectRejection(
      .malformed, of: operation, [try TestTensor(zeros: .float32, []), try vector([])], outputs: [(.float32, .none)])
  }

  @Test func refusesOtherOperands() throws {
    let inputs = [try TestTensor(zeros: .float32, [2]), try vector([0])]
    try expectOnly(ElementType.movable + [.string], for: operation, inputs)
    try expectOnly([.int16, .int32, .int64], for: operation, inputs, changing: [1], output: .float32)
    expectOperandCounts(operation, inputs, outputs: [(.float32, .none)])
    expectRejection(.malformed, of: operation, inputs, outputs: [(.int32, .none)])
  }
}
