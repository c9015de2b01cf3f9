import KernelTestSupport
import Kernels
import TensorTypes
import Testing

/// What `SELECT` and `SELECT_V2` have in common: a condition, and two tensors of one type to choose from.
struct SelectionChecks {
  let operation: any Operator

  /// - Parameter position: shapes of condition and choices, all seen in the shape of the result; how the condition is seen when it is not
  ///   broadcast from the last dimension.
  func check(
    _ element: ElementType, _ c: [Int], _ a: [Int], _ b: [Int], conditionAs seen: [Int]? = nil, expecting: [Int]? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    var generator = SeededGenerator(seed: 9)
    // Every byte but 0 is true.
    let condition = generator.integers(c.reduce(1, *), in: 0...3).map { [0, 1, 0, 255][$0] as UInt8 }
    let first = Grid(a, of: element)
    let second = Grid(b, of: element, from: 5000)
    let shape = broadcastShape(seen ?? c, a, b)
    let places = zip(
      broadcastPositions(seen ?? c, in: shape),
      zip(broadcastPositions(a, in: shape), broadcastPositions(b, in: shape)))
    let expected = Grid<UInt128>(
      expecting ?? shape,
      values: places.map { condition[$0] != 0 ? first.values[$1.0] : second.values[$1.1] })
    try expectMoved(
      operation, element,
      [TestTensor(condition, c, element: .bool), first.tensor(element), second.tensor(element)], moved: [0, 1, 2],
      [expected], sourceLocation: sourceLocation)
  }

  /// Elements are copied, not computed with: NaN and signs of zeros stay.
  func keepsBits() throws {
    let a = try TestTensor([Float(bitPattern: 0x7FC1_2345), -0.0, 1])
    let b = try TestTensor([-.infinity, 2, Float(bitPattern: 0xFF81_0000)])
    let result = try run(
      operation, [TestTensor([true, true, false]), a, b], outputs: [(.float32, .none)])[0]
    #expect(result.values(UInt32.self) == [0x7FC1_2345, 0x8000_0000, 0xFF81_0000])
  }

  func refusesOtherOperands(sourceLocation: SourceLocation = #_sourceLocation) throws {
    let inputs = [
      try TestTensor(zeros: .bool, [2]), try TestTensor(zeros: .int32, [2]), try TestTensor(zeros: .int32, [2]),
    ]
    let supported = ElementType.allCases.filter { $0.bitWidth >= 8 }
    try expectOnly(supported, for: operation, inputs, changing: [1, 2], sourceLocation: sourceLocation)
    try expectOnly([.bool], for: operation, inputs, changing: [0], output: .int32, sourceLocation: sourceLocation)
    for changed in [[1], [2], [1, 2]] {
      try expectOnly(
        [.int32], for: operation, inputs, changing: changed, output: .int32, sourceLocation: sourceLocation)
    }
    expectOperandCounts(operation, inputs, outputs: [(.int32, .none)], sourceLocation: sourceLocation)
  }

  func expectMismatch(_ c: [Int], _ a: [Int], _ b: [Int], sourceLocation: SourceLocation = #_sourceLocation) throws {
    expectRejection(
      .malformed, of: operation,
      [try TestTensor(zeros: .bool, c), try TestTensor(zeros: .int32, a), try TestTensor(zeros: .int32, b)],
      outputs: [(.int32, .none)], "\(c), \(a), \(b)", sourceLocation: sourceLocation)
  }
}
