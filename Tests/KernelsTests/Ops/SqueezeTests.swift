import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct SqueezeTests {
  static let cases: [([Int], [Int], [Int])] = [
    ([], [], []), ([1], [], []), ([1, 1, 1], [], []), ([2, 1, 3, 1], [], [2, 3]), ([2, 1, 3, 1], [1], [2, 3, 1]),
    ([2, 1, 3, 1], [-1], [2, 1, 3]), ([2, 1, 3, 1], [3, 1], [2, 3]), ([2, 1, 3, 1], [1, 1, -3], [2, 3, 1]),
    ([2, 3], [], [2, 3]), ([0, 1, 2], [], [0, 2]), ([0, 1], [1], [0]), ([1, 2, 1, 3, 1, 1, 1, 2], [], [2, 3, 2]),
    ([1, 2, 1, 3, 1, 1, 1, 2], [0, -2], [2, 1, 3, 1, 1, 2]), ([1, 200, 1, 250], [], [200, 250]),
  ]

  @Test(arguments: cases) func dropsDimensionsOfOne(_ dimensions: [Int], _ axes: [Int], _ expected: [Int]) throws {
    let operation = try Squeeze(options: axes.isEmpty ? .defaults : .table([0: .int32s(axes.map(Int32.init))]))
    for element in ElementType.widths(for: dimensions) {
      let input = Grid(dimensions, of: element)
      try expectMoved(operation, element, [input.tensor(element)], [Grid(expected, values: input.values)])
    }
  }

  @Test(arguments: ElementType.movable) func keepsElementsOfEveryType(_ element: ElementType) throws {
    for length in Sizes.lengths {
      let input = Grid([1, length, 1], of: element)
      try expectMoved(
        Squeeze(options: .table([0: .int32s([2])])), element, [input.tensor(element)],
        [Grid([1, length], values: input.values)])
    }
  }

  @Test(arguments: [[0], [2], [4], [-5], [1, 0], [.max], [.min]] as [[Int32]]) func refusesAxes(_ axes: [Int32]) throws
  {
    expectRejection(
      .malformed, of: try Squeeze(options: .table([0: .int32s(axes)])), [try TestTensor(zeros: .int32, [2, 1, 3, 1])],
      outputs: [(.int32, .none)])
    expectRejection(
      .malformed, of: try Squeeze(options: .table([0: .int32s(axes)])), [try TestTensor(zeros: .int32, [])],
      outputs: [(.int32, .none)])
  }

  @Test func refusesOtherOperands() throws {
    let operation = try Squeeze(options: .defaults)
    let inputs = [try TestTensor(zeros: .int32, [2, 1])]
    try expectOnly(ElementType.movable + [.string], for: operation, inputs)
    try expectOnly([.int32], for: operation, inputs, output: .int32)
    expectOperandCounts(operation, inputs, outputs: [(.int32, .none)])
  }
}
