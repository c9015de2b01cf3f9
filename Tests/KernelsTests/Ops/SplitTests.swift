import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct SplitTests {
  private static func operation(_ count: Int) throws -> Split { try Split(options: .table([0: .int32(Int32(count))])) }

  private func check(_ element: ElementType, _ dimensions: [Int], count: Int, axis: Int) throws {
    let input = Grid(dimensions, of: element)
    let place = axis < 0 ? axis + dimensions.count : axis
    let size = dimensions[place] / count
    var part = dimensions
    part[place] = size
    let expected = (0..<count).map { index in
      Grid<UInt128>(part) { coordinates in
        var from = coordinates
        from[place] += index * size
        return input[from]
      }
    }
    try expectMoved(
      Self.operation(count), element, [TestTensor(integers: [axis], [], as: .int32), input.tensor(element)],
      moved: [1], expected)
  }

  @Test(arguments: [[6], [0], [12, 6], [2, 0, 6], [18, 36], [6, 2, 6, 4], [6, 1, 2, 1, 2, 1, 1, 6]])
  func cutsAlongEveryAxis(_ dimensions: [Int]) throws {
    for axis in -dimensions.count..<dimensions.count {
      for count in [1, 2, 3] where dimensions[axis < 0 ? axis + dimensions.count : axis] % count == 0 {
        try check(.int32, dimensions, count: count, axis: axis)
      }
    }
  }

  @Test(arguments: ElementType.movable) func cutsElementsOfEveryType(_ element: ElementType) throws {
    for axis in 0..<3 { try check(element, [3, 9, 6], count: 3, axis: axis) }
    for length in Sizes.lengths { try check(element, [3, 2 * length], count: 2, axis: 1) }
  }

  @Test func takesTheAxisAsAVectorOfOne() throws {
    let result = try run(
      Self.operation(2), [TestTensor([0] as [Int32]), TestTensor([7, 8] as [Int32])],
      outputs: [(.int32, .none), (.int32, .none)])
    #expect(result.map(\.integers) == [[7], [8]])
  }

  @Test func refusesAxesAndCounts() throws {
    let two = [(ElementType.int32, Quantization.none), (.int32, .none)]
    let inputs = [try TestTensor(zeros: .int32, []), try TestTensor(zeros: .int32, [4, 3])]
    try expectRejectedValues(
      Self.operation(2), inputs, operand: 0, [[1], [2], [-3], [Int(Int32.min)], [Int(Int32.max)], [0, 0], []],
      outputs: two)
    for count in [0, -1, 1, 3, Int(Int32.max), Int(Int32.min)] {
      expectRejection(.malformed, of: try Self.operation(count), inputs, outputs: two, "\(count) parts")
    }
    expectRejection(
      .malformed, of: try Self.operation(2), [inputs[0], try TestTensor(zeros: .int32, [])], outputs: two)
    expectRejection(.malformed, of: try Self.operation(0), inputs, outputs: [])
  }

  @Test func refusesOtherOperands() throws {
    let operation = try Self.operation(2)
    let inputs = [try TestTensor(zeros: .int32, []), try TestTensor(zeros: .int32, [4])]
    try expectOnly(ElementType.movable, for: operation, inputs, changing: [1], outputs: 2)
    try expectOnly([.int32], for: operation, inputs, changing: [1], output: .int32, outputs: 2)
    try expectOnly([.int32], for: operation, inputs, changing: [0], output: .int32, outputs: 2)
    expectOperandCounts(operation, inputs, outputs: [(.int32, .none), (.int32, .none)])
  }
}
