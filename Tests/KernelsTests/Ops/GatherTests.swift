import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct GatherTests {
  private func operation(axis: Int, batch: Int = 0) throws -> Gather {
    try Gather(options: .table([0: .int32(Int32(clamping: axis)), 1: .int32(Int32(clamping: batch))]))
  }

  struct Case: Sendable {
    var input: [Int]
    var positions: [Int]
    var axis: Int
    var batch = 0
  }

  static let cases = [
    Case(input: [5], positions: [], axis: 0), Case(input: [5], positions: [1], axis: 0),
    Case(input: [33], positions: [67], axis: 0), Case(input: [4, 17], positions: [3], axis: 0),
    Case(input: [4, 6], positions: [2, 3], axis: 1), Case(input: [2, 5, 3], positions: [2, 3], axis: 1),
    Case(input: [2, 5, 3], positions: [2, 3], axis: 1, batch: 1),
    Case(input: [2, 5, 3], positions: [2, 5, 4], axis: 2, batch: 2),
    Case(input: [2, 3, 5, 2], positions: [2, 4], axis: 2, batch: 1),
    Case(input: [2, 3], positions: [2], axis: 1, batch: 1),
    Case(input: [2, 3, 2, 2, 2, 3], positions: [2], axis: 5),
    Case(input: [2, 1, 2, 1, 2, 1, 2, 3], positions: [2], axis: 6),
    Case(input: [2, 3, 1, 2], positions: [1, 2, 1, 2], axis: 1), Case(input: [3, 0], positions: [2], axis: 0),
    Case(input: [0, 3], positions: [0], axis: 0), Case(input: [3, 4], positions: [0, 2], axis: 1),
    Case(input: [300, 70], positions: [290], axis: 0),
  ]

  /// `result[batch..., outer..., positions..., inner...] = input[batch..., outer..., position, inner...]`.
  private func check(_ c: Case, _ elements: [ElementType], _ positionType: ElementType, constant: Bool = false) throws {
    let input = Grid.numbered(c.input)
    let places = Grid(c.positions) { place in
      place.enumerated().reduce(7) { $0 * 31 + $1.element * 17 + $1.offset } % max(c.input[c.axis], 1)
    }
    let own = c.positions.count - c.batch
    let expected = Grid(Array(c.input[..<c.axis]) + c.positions[c.batch...] + c.input[(c.axis + 1)...]) { place in
      let position = places[Array(place[..<c.batch]) + place[c.axis..<c.axis + own]]
      return input[Array(place[..<c.axis]) + [position] + place[(c.axis + own)...]]
    }
    var positions = try TestTensor(integers: places.values, c.positions, as: positionType)
    positions.isConstant = constant
    for element in elements {
      let inputs = [try input.tensor(element), positions]
      try expectMoved(operation(axis: c.axis, batch: c.batch), inputs, element, expected)
    }
    // Both may be counted from the end.
    let batch = c.batch == 0 || own == 0 ? c.batch : c.batch - c.positions.count
    try expectMoved(
      operation(axis: c.axis - c.input.count, batch: batch), [try input.tensor(elements[0]), positions], elements[0],
      expected)
  }

  @Test(arguments: cases) func gathers(_ c: Case) throws {
    try check(c, c.input.reduce(1, *) > 10_000 ? [.int8] : ElementType.movable, .int32)
    for positionType in [ElementType.int16, .int64] { try check(c, [.float32], positionType, constant: true) }
  }

  @Test(arguments: [-1, 5, Int.max, Int.min], [true, false]) func refusesPositions(_ position: Int, _ constant: Bool)
    throws
  {
    let positions = try vector([0, position], .int64, constant: constant)
    expectRejection(
      of: try operation(axis: 1), [try TestTensor(zeros: .uint8, [2, 5, 3]), positions],
      outputs: [(.uint8, .usual(for: .uint8))])
  }

  @Test func refusesAxesAndBatches() throws {
    let input = try TestTensor(zeros: .float32, [2, 5, 3])
    func attempt(_ axis: Int, _ batch: Int, _ positions: [Int]) throws {
      expectRejection(
        .malformed, of: try operation(axis: axis, batch: batch), [input, try TestTensor(zeros: .int32, positions)],
        outputs: [(.float32, .none)], "axis \(axis), batch \(batch), \(positions)")
    }
    for axis in [3, -4, Int(Int32.max), Int(Int32.min)] { try attempt(axis, 0, [2]) }
    try attempt(0, 1, [2])
    try attempt(1, 1, [3, 2])
    try attempt(2, 3, [2, 5, 3])
    try attempt(1, 1, [])
    try attempt(1, -3, [2, 2])
    try attempt(1, Int(Int32.min), [2, 2])
    expectRejection(
      .malformed, of: try operation(axis: 0), [try TestTensor(zeros: .float32, []), try vector([0])],
      outputs: [(.float32, .none)])
  }

  @Test func refusesOtherOperands() throws {
    let inputs = [try TestTensor(zeros: .float32, [2]), try vector([0])]
    try expectOnly(ElementType.movable + [.string], for: operation(axis: 0), inputs)
    try expectOnly([.int16, .int32, .int64], for: operation(axis: 0), inputs, changing: [1], output: .float32)
    try expectOperandCounts(operation(axis: 0), inputs, outputs: [(.float32, .none)])
    expectRejection(.malformed, of: try operation(axis: 0), inputs, outputs: [(.int32, .none)])
  }
}
