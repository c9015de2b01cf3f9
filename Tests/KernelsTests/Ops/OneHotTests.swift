import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct OneHotTests {
  private static func operation(_ axis: Int = -1) throws -> OneHot {
    try OneHot(options: .table([0: .int32(Int32(axis))]))
  }

  private func check(
    _ element: ElementType, _ dimensions: [Int], depth: Int, axis: Int, indices indexElement: ElementType = .int32
  ) throws {
    var generator = SeededGenerator(seed: 15)
    // Also indices on both sides of the depth.
    let indices = Grid(dimensions, values: generator.integers(dimensions.reduce(1, *), in: -2...depth + 1))
    let on = Grid([], of: element, from: 40)
    let off = Grid([], of: element, from: 50)
    let place = axis == -1 ? dimensions.count : axis
    var shape = dimensions
    shape.insert(depth, at: place)
    let expected = Grid<UInt128>(shape) { coordinates in
      var from = coordinates
      let row = from.remove(at: place)
      return indices[from] == row ? on.values[0] : off.values[0]
    }
    try expectMoved(
      Self.operation(axis), element,
      [
        TestTensor(integers: indices.values, dimensions, as: indexElement), TestTensor([Int32(depth)], []),
        on.tensor(element), off.tensor(element),
      ], moved: [0, 2, 3], [expected])
  }

  @Test(arguments: [[], [1], [0], [5], [3, 4], [2, 0, 3], [2, 3, 1, 2], [1, 2, 1, 2, 1, 2, 3]])
  func fillsRowsAlongEveryAxis(_ dimensions: [Int]) throws {
    for axis in -1...dimensions.count {
      for depth in [0, 1, 3, 8] { try check(.float32, dimensions, depth: depth, axis: axis) }
    }
  }

  @Test(arguments: ElementType.wholeBytes, [ElementType.int32, .int64])
  func fillsRowsOfEveryType(_ element: ElementType, _ indices: ElementType) throws {
    try check(element, [2, 3], depth: 5, axis: 1, indices: indices)
    for depth in Sizes.lengths { try check(element, [4], depth: depth, axis: -1, indices: indices) }
  }

  @Test func fillsLongRowsOnSeveralThreads() throws { try check(.int8, [40], depth: 1100, axis: -1) }

  @Test(arguments: [Int64.min, .max, -1, 1 << 32, (1 << 32) + 1]) func leavesOutIndicesFarAway(_ index: Int64) throws {
    let result = try run(
      Self.operation(),
      [
        TestTensor([index], []), TestTensor([3] as [Int32], []), TestTensor([1 as Float], []),
        TestTensor([-0.0 as Float], []),
      ],
      outputs: [(.float32, .none)])[0]
    #expect(result.values(UInt32.self) == [0x8000_0000, 0x8000_0000, 0x8000_0000])
  }

  @Test func refusesAxesAndDepths() throws {
    let value = try TestTensor(zeros: .float32, [])
    let inputs = [try TestTensor(zeros: .int32, [2]), try TestTensor([3] as [Int32], []), value, value]
    for axis in [2, -2, Int(Int32.max), Int(Int32.min)] {
      expectRejection(.malformed, of: try Self.operation(axis), inputs, outputs: [(.float32, .none)], "axis \(axis)")
    }
    try expectRejectedValues(
      Self.operation(), inputs, operand: 1, [[-1], [Int(Int32.min)], [], [3, 3]], outputs: [(.float32, .none)])
    for index in 2...3 {
      for shape in [[2], [0]] {
        var operands = inputs
        operands[index] = try TestTensor(zeros: .float32, shape)
        expectRejection(.malformed, of: try Self.operation(), operands, outputs: [(.float32, .none)])
      }
    }
  }

  @Test func refusesOtherOperands() throws {
    let operation = try Self.operation()
    let value = try TestTensor(zeros: .float32, [])
    let inputs = [try TestTensor(zeros: .int32, [2]), try TestTensor([3] as [Int32], []), value, value]
    try expectOnly(ElementType.wholeBytes, for: operation, inputs, changing: [2, 3])
    try expectOnly([.float32], for: operation, inputs, changing: [2], output: .float32)
    try expectOnly([.float32], for: operation, inputs, changing: [3], output: .float32)
    try expectOnly([.int32, .int64], for: operation, inputs, changing: [0], output: .float32)
    try expectOnly([.int32], for: operation, inputs, changing: [1], output: .float32)
    expectOperandCounts(operation, inputs, outputs: [(.float32, .none)])
  }
}
