import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct PackTests {
  private static func operation(_ count: Int, axis: Int) throws -> Pack {
    try Pack(options: .table([0: .int32(Int32(count)), 1: .int32(Int32(axis))]))
  }

  private func check(_ element: ElementType, _ dimensions: [Int], count: Int, axis: Int) throws {
    let parts = (0..<count).map { Grid(dimensions, of: element, from: UInt128(1000 * $0)) }
    let place = axis < 0 ? axis + dimensions.count + 1 : axis
    var stacked = dimensions
    stacked.insert(count, at: place)
    let expected = Grid<UInt128>(stacked) { coordinates in
      var from = coordinates
      return parts[from.remove(at: place)][from]
    }
    try expectMoved(
      Self.operation(count, axis: axis), element, parts.map { try $0.tensor(element) }, moved: Set(0..<count),
      [expected])
  }

  @Test(arguments: [[], [0], [5], [3, 4], [2, 0, 3], [17, 33], [2, 3, 1, 2], [1, 2, 1, 2, 1, 2, 3]])
  func stacksAlongEveryAxis(_ dimensions: [Int]) throws {
    for axis in -dimensions.count - 1...dimensions.count {
      for count in [1, 2, 5] { try check(.int32, dimensions, count: count, axis: axis) }
    }
  }

  @Test(arguments: ElementType.movable) func stacksElementsOfEveryType(_ element: ElementType) throws {
    for axis in 0...2 { try check(element, [3, 5], count: 3, axis: axis) }
    for length in Sizes.lengths { try check(element, [length], count: 2, axis: length % 2) }
  }

  @Test func refusesAxes() throws {
    let part = try TestTensor(zeros: .int32, [2, 3])
    for axis in [3, -4, Int(Int32.max), Int(Int32.min)] {
      expectRejection(
        .malformed, of: try Self.operation(2, axis: axis), [part, part], outputs: [(.int32, .none)], "axis \(axis)")
    }
  }

  @Test func refusesPartsThatDiffer() throws {
    let operation = try Self.operation(2, axis: 0)
    let part = try TestTensor(zeros: .int32, [2, 3])
    for dimensions in [[3, 2], [6], [2, 3, 1], []] {
      expectRejection(
        .malformed, of: operation, [part, try TestTensor(zeros: .int32, dimensions)], outputs: [(.int32, .none)])
    }
    try expectOnly([.int32], for: operation, [part, part], changing: [1], output: .int32)
    try expectOnly([.int32], for: operation, [part, part], changing: [0, 1], output: .int32)
  }

  @Test func refusesOtherOperands() throws {
    let part = try TestTensor(zeros: .int32, [2])
    for count in [0, -1, 1, 3, Int(Int32.max)] {
      expectRejection(
        .malformed, of: try Self.operation(count, axis: 0), [part, part], outputs: [(.int32, .none)], "\(count) values")
    }
    try expectOnly(ElementType.movable, for: try Self.operation(1, axis: 0), [part])
    expectOperandCounts(try Self.operation(2, axis: 0), [part, part], outputs: [(.int32, .none)])
  }
}
