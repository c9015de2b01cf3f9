import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct MirrorPadTests {
  private static func operation(reflects: Bool) throws -> MirrorPad {
    try MirrorPad(options: .table([0: .int8(reflects ? 0 : 1)]))
  }

  /// The position that is found by walking from the edge and turning round at it, with the edge itself once (reflecting) or twice.
  private static func mirrored(_ place: Int, _ size: Int, reflects: Bool) -> Int {
    let once = Array(0..<size)
    let there = reflects ? Array(once.dropFirst()) : once
    let back = reflects ? Array(once.dropLast()) : once
    let line = Array(there.reversed()) + once + Array(back.reversed())
    return line[place + there.count]
  }

  /// Paddings up to the most that a mirror can show.
  static let cases: [([Int], [Int])] =
    Sizes.lengths.dropFirst(2).map { ([$0], [$0 - 1, min($0 - 1, 3)]) } + [
      ([], []), ([1], [0, 0]), ([3, 4], [1, 2, 2, 1]), ([0, 3], [0, 0, 1, 2]),
      ([2, 3, 1, 4], [1, 0, 2, 2, 0, 0, 0, 0]),
      ([2, 2, 3, 1, 2, 1, 3, 2], [1, 1, 0, 0, 0, 2, 0, 0, 1, 0, 0, 0, 2, 1, 0, 1]), ([40, 50], [39, 39, 49, 49]),
    ]

  @Test(arguments: cases, [true, false]) func mirrors(_ sample: ([Int], [Int]), reflects: Bool) throws {
    let (dimensions, paddings) = sample
    for element in [ElementType.float32, .int8] {
      let input = Grid(dimensions, of: element)
      let axes = dimensions.indices
      let expected = Grid<UInt128>(axes.map { paddings[2 * $0] + dimensions[$0] + paddings[2 * $0 + 1] }) { place in
        input[axes.map { Self.mirrored(place[$0] - paddings[2 * $0], dimensions[$0], reflects: reflects) }]
      }
      try expectMoved(
        Self.operation(reflects: reflects), element, [input.tensor(element), PaddingChecks.tensor(paddings)], [expected]
      )
    }
  }

  @Test(arguments: ElementType.wholeBytes, [ElementType.int32, .int64])
  func mirrorsElementsOfEveryWidth(_ element: ElementType, _ paddingElement: ElementType) throws {
    let input = Grid([2, 3], of: element)
    let expected = Grid<UInt128>([2, 8]) { input[[$0[0], [2, 1, 0, 0, 1, 2, 2, 1][$0[1]]]] }
    try expectMoved(
      Self.operation(reflects: false), element,
      [input.tensor(element), PaddingChecks.tensor([0, 0, 3, 2], paddingElement)], [expected])
  }

  @Test(arguments: [true, false]) func refusesBordersWiderThanTheMirror(reflects: Bool) throws {
    let operation = try Self.operation(reflects: reflects)
    let inputs = [try TestTensor(zeros: .int32, [2, 3]), try PaddingChecks.tensor([1, 1, 1, 1])]
    let beyond = reflects ? 2 : 3
    try expectRejectedValues(
      operation, inputs, operand: 1,
      [
        [beyond, 0, 0, 0], [0, beyond, 0, 0], [0, 0, beyond + 1, 0], [0, 0, 0, -1], [Int(Int32.max), 0, 0, 0], [1, 1],
      ],
      outputs: [(.int32, .none)])
    expectRejection(
      .malformed, of: operation, [try TestTensor(zeros: .int32, [0]), try PaddingChecks.tensor([1, 0])],
      outputs: [(.int32, .none)])
    for shape in [[4], [4, 1]] {
      expectRejection(
        .malformed, of: operation, [inputs[0], try TestTensor(zeros: .int32, shape)], outputs: [(.int32, .none)])
    }
  }

  @Test(arguments: [-1, 2, 127] as [Int8]) func refusesOtherModes(_ mode: Int8) {
    #expect(throws: OperatorError.self) { try MirrorPad(options: .table([0: .int8(mode)])) }
  }

  @Test func refusesOtherOperands() throws {
    let operation = try Self.operation(reflects: true)
    let inputs = [try TestTensor(zeros: .int8, [2]), try PaddingChecks.tensor([1, 1])]
    try expectOnly(ElementType.wholeBytes, for: operation, inputs)
    try expectOnly([.int8], for: operation, inputs, output: .int8)
    try expectOnly([.int32, .int64], for: operation, inputs, changing: [1], output: .int8)
    expectOperandCounts(operation, inputs, outputs: [(.int8, .usual(for: .int8))])
  }
}
