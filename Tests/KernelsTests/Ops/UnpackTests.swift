import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct UnpackTests {
  private static func operation(_ count: Int, axis: Int) throws -> Unpack {
    try Unpack(options: .table([0: .int32(Int32(count)), 1: .int32(Int32(axis))]))
  }

  private func check(_ element: ElementType, _ dimensions: [Int], axis: Int) throws {
    let input = Grid(dimensions, of: element)
    let place = axis < 0 ? axis + dimensions.count : axis
    var slice = dimensions
    let count = slice.remove(at: place)
    let expected = (0..<count).map { index in
      Grid<UInt128>(slice) { coordinates in
        var from = coordinates
        from.insert(index, at: place)
        return input[from]
      }
    }
    try expectMoved(Self.operation(count, axis: axis), element, [input.tensor(element)], expected)
  }

  @Test(arguments: [[1], [0], [5], [3, 4], [2, 0, 3], [17, 33], [2, 3, 1, 2], [1, 2, 1, 2, 1, 2, 3, 2]])
  func takesSlicesAlongEveryAxis(_ dimensions: [Int]) throws {
    for axis in -dimensions.count..<dimensions.count { try check(.int32, dimensions, axis: axis) }
  }

  @Test(arguments: ElementType.movable) func takesElementsOfEveryType(_ element: ElementType) throws {
    for axis in 0..<3 { try check(element, [3, 5, 2], axis: axis) }
    for length in Sizes.lengths { try check(element, [2, length], axis: 0) }
  }

  @Test func refusesAxesAndCounts() throws {
    let input = try TestTensor(zeros: .int32, [2, 3])
    for (count, axis) in [
      (2, 2), (2, -3), (2, Int(Int32.max)), (2, Int(Int32.min)), (3, 0), (2, 1), (0, 0), (-1, 0), (Int(Int32.max), 0),
    ] {
      expectRejection(
        .malformed, of: try Self.operation(count, axis: axis), [input], outputs: [(.int32, .none), (.int32, .none)],
        "\(count) slices along \(axis)")
    }
    expectRejection(
      .malformed, of: try Self.operation(1, axis: 0), [try TestTensor(zeros: .int32, [])], outputs: [(.int32, .none)])
  }

  @Test func refusesOtherOperands() throws {
    let operation = try Self.operation(2, axis: 0)
    let input = try TestTensor(zeros: .int32, [2])
    try expectOnly(ElementType.movable, for: operation, [input], outputs: 2)
    try expectOnly([.int32], for: operation, [input], output: .int32, outputs: 2)
    expectOperandCounts(operation, [input], outputs: [(.int32, .none), (.int32, .none)])
  }
}
