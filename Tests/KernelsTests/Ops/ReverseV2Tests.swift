import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct ReverseV2Tests {
  private let operation = ReverseV2(options: .defaults)

  private func check(_ element: ElementType, _ dimensions: [Int], _ axes: [Int]) throws {
    let input = Grid(dimensions, of: element)
    let turned = Set(axes.map { $0 < 0 ? $0 + dimensions.count : $0 })
    let expected = Grid<UInt128>(dimensions) { place in
      input[dimensions.indices.map { turned.contains($0) ? dimensions[$0] - 1 - place[$0] : place[$0] }]
    }
    try expectMoved(
      operation, element, [input.tensor(element), TestTensor(integers: axes, as: .int32)], [expected])
  }

  /// Every set of axes.
  @Test(arguments: [
    [], [7], [0], [3, 5], [4, 0, 2], [2, 3, 4, 5], [40, 120], [1, 2, 3, 1, 2, 2], [2, 1, 2, 1, 2, 1, 2, 3],
  ])
  func turnsAnyAxesRound(_ dimensions: [Int]) throws {
    for set in 0..<min(1 << dimensions.count, 64) {
      try check(.int16, dimensions, dimensions.indices.filter { (set >> $0) & 1 == 1 })
    }
    if dimensions.count > 1 { try check(.int16, dimensions, [-1, 0]) }
  }

  @Test(arguments: ElementType.movable) func turnsElementsOfEveryType(_ element: ElementType) throws {
    for axes in [[0], [1], [2], [0, 2], [2, 1, 0]] { try check(element, [2, 3, 5], axes) }
    for length in Sizes.lengths { try check(element, [length], [0]) }
  }

  @Test func refusesAxes() throws {
    let inputs = [try TestTensor(zeros: .int32, [2, 3]), try TestTensor([0] as [Int32])]
    try expectRejectedValues(
      operation, inputs, operand: 1,
      [[2], [-3], [0, 0], [1, -1], [0, 1, 0], [Int(Int32.max)], [Int(Int32.min)]], outputs: [(.int32, .none)])
    expectRejection(
      .malformed, of: operation, [inputs[0], try TestTensor([0] as [Int32], [])], outputs: [(.int32, .none)])
    expectRejection(
      .malformed, of: operation, [try TestTensor(zeros: .int32, []), inputs[1]], outputs: [(.int32, .none)])
  }

  @Test func refusesOtherOperands() throws {
    let inputs = [try TestTensor(zeros: .int32, [2]), try TestTensor([0] as [Int32])]
    try expectOnly(ElementType.movable, for: operation, inputs)
    try expectOnly([.int32], for: operation, inputs, output: .int32)
    try expectOnly([.int32], for: operation, inputs, changing: [1], output: .int32)
    expectOperandCounts(operation, inputs, outputs: [(.int32, .none)])
  }
}
