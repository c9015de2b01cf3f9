import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct TransposeTests {
  private let operation = Transpose(options: .defaults)

  private static func permutations(_ rank: Int) -> [[Int]] {
    guard rank > 0 else { return [[]] }
    return permutations(rank - 1).flatMap { shorter in
      (0..<rank).map { place in
        var longer = shorter
        longer.insert(rank - 1, at: place)
        return longer
      }
    }
  }

  private func check(
    _ element: ElementType, _ dimensions: [Int], _ axes: [Int], _ axisElement: ElementType = .int32
  ) throws {
    let input = Grid(dimensions, of: element)
    let resolved = axes.map { $0 < 0 ? $0 + dimensions.count : $0 }
    let expected = Grid<UInt128>(resolved.map { dimensions[$0] }) { place in
      var from = place
      for (index, axis) in resolved.enumerated() { from[axis] = place[index] }
      return input[from]
    }
    try expectMoved(
      operation, element, [input.tensor(element), TestTensor(integers: axes, as: axisElement)], [expected])
  }

  @Test(arguments: [[], [5], [0], [3, 5], [0, 4], [4, 2, 3], [2, 3, 4, 5], [3, 1, 1, 2], [2, 3, 1, 2, 2]])
  func reordersAnyWay(_ dimensions: [Int]) throws {
    for axes in Self.permutations(dimensions.count) { try check(.int32, dimensions, axes) }
  }

  /// Matrices around the width of the tiles they are copied in, and shapes that models transpose.
  @Test(arguments: [
    ([17, 33], [1, 0]), ([400, 20], [1, 0]), ([1, 16, 9, 31], [0, 3, 1, 2]), ([2, 35, 3, 5], [0, 2, 3, 1]),
    ([2, 1, 3, 4, 5], [-1, 3, -3, 1, 0]), ([2, 3, 2, 3, 2, 3], [5, 1, 4, 0, 3, 2]),
    ([2, 3, 1, 2, 3, 2, 1], [6, 4, 2, 0, 1, 3, 5]), ([2, 1, 2, 3, 2, 1, 2, 2], [7, 6, 5, 4, 3, 2, 1, 0]),
    ([1, 2, 3, 2, 2, 2, 2, 2], [0, 2, 1, 4, 3, 6, 5, 7]), ([2, 2, 2, 0, 2, 2, 2, 2], [7, 0, 1, 2, 3, 4, 5, 6]),
  ]) func reordersElementsOfEveryWidth(_ dimensions: [Int], _ axes: [Int]) throws {
    for element in ElementType.widths(for: dimensions) { try check(element, dimensions, axes) }
  }

  @Test(arguments: ElementType.movable, [ElementType.int32, .int64])
  func reordersElementsOfEveryType(_ element: ElementType, _ axisElement: ElementType) throws {
    try check(element, [2, 3, 5], [2, 0, 1], axisElement)
    for length in Sizes.lengths { try check(element, [length, 3], [1, 0], axisElement) }
  }

  /// [2, 3] of four bits: 1 2 3 / 4 5 6 becomes 1 4 / 2 5 / 3 6, the first in the low bits of each byte.
  @Test func keepsPackedElementsPacked() throws {
    let result = try run(
      operation, [TestTensor([0x21, 0x43, 0x65] as [UInt8], [2, 3], element: .int4), TestTensor([1, 0] as [Int32])],
      outputs: [(.int4, .none)])[0]
    #expect(result.bytes == [0x41, 0x52, 0x63])
  }

  @Test func refusesWhatIsNoPermutation() throws {
    let inputs = [try TestTensor(zeros: .int32, [2, 3]), try TestTensor([1, 0] as [Int32])]
    try expectRejectedValues(
      operation, inputs, operand: 1,
      [[0, 0], [1, -1], [0, 2], [-3, 0], [Int(Int32.max), 0], [Int(Int32.min), 0], [0], [0, 1, 2], []],
      outputs: [(.int32, .none)])
    expectRejection(
      .malformed, of: operation, [inputs[0], try TestTensor([Int64.min, .max]).constant], outputs: [(.int32, .none)])
    let nine = try TestTensor(zeros: .int32, [Int](repeating: 1, count: 9))
    expectRejection(
      .unsupported, of: operation, [nine, try TestTensor((0..<9).map { Int32($0) }).constant],
      outputs: [(.int32, .none)])
  }

  @Test func refusesOtherOperands() throws {
    let inputs = [try TestTensor(zeros: .int32, [2, 2]), try TestTensor([1, 0] as [Int32])]
    try expectOnly(ElementType.movable, for: operation, inputs)
    try expectOnly([.int32], for: operation, inputs, output: .int32)
    try expectOnly([.int32, .int64], for: operation, inputs, changing: [1], output: .int32)
    expectOperandCounts(operation, inputs, outputs: [(.int32, .none)])
  }
}
