import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct ReverseSequenceTests {
  private func operation(_ sequence: Int32, _ batch: Int32) throws -> ReverseSequence {
    try ReverseSequence(options: .table([0: .int32(sequence), 1: .int32(batch)]))
  }

  private func expected<T>(_ x: Grid<T>, _ lengths: [Int], _ sequence: Int, _ batch: Int) -> [T] {
    Grid(x.dimensions) { coordinates in
      var source = coordinates
      let length = lengths[coordinates[batch]]
      if coordinates[sequence] < length { source[sequence] = length - 1 - coordinates[sequence] }
      return x[source]
    }.values
  }

  @Test(arguments: [
    ([4, 3], 0, 1), ([4, 3], 1, 0), ([2, 5, 3], 1, 0), ([2, 5, 3], 0, 1), ([2, 5, 3], 2, 0), ([3, 2, 4, 2], 0, 3),
    ([3, 2, 4, 2], 2, 1), ([2, 3, 1, 4, 2], 3, 1), ([5, 2, 11], 0, 1), ([1, 1], 0, 1),
  ])
  func reverses(dimensions: [Int], sequence: Int, batch: Int) throws {
    var generator = SeededGenerator(seed: 5)
    let lengths: [Int64] = generator.integers(dimensions[batch], in: -1...Int64(dimensions[sequence]))
    func check<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type) throws {
      let x = Grid(dimensions, values: (0..<dimensions.reduce(1, *)).map { T(truncatingIfNeeded: $0) })
      let tensor = try TestTensor(x.values, dimensions)
      let wanted = expected(x, lengths.map { Int($0) }, sequence, batch)
      let wide = try run(
        operation(Int32(sequence), Int32(batch)), [tensor, TestTensor(lengths)],
        outputs: [(tensor.type.element, .none)])
      #expect(wide[0].values() == wanted)
      let narrow = try run(
        operation(Int32(sequence), Int32(batch)), [tensor, TestTensor(lengths.map { Int32($0) }).constant],
        outputs: [(tensor.type.element, .none)], threads: 2)
      #expect(narrow[0].values() == wanted)
    }
    try check(Int32.self)
    try check(UInt8.self)
    try check(Int16.self)
    try check(Int64.self)
  }

  @Test(arguments: [[0, 3], [3, 0], [2, 3, 0]]) func takesEmptyTensors(dimensions: [Int]) throws {
    let result = try run(
      operation(0, 1), [TestTensor([Float](), dimensions), TestTensor([Int32](repeating: 0, count: dimensions[1]))],
      outputs: [(.float32, .none)])
    #expect(result[0].type.shape.dimensions == dimensions)
  }

  @Test func refusesBadLengthsAndDimensions() throws {
    let x = try TestTensor([1, 2, 3, 4] as [Float], [2, 2])
    for (sequence, batch, lengths) in [
      (0, 1, [1, 3]), (0, 0, [1, 1]), (2, 0, [1, 1]), (0, -1, [1, 1]), (-1, 0, [1, 1]), (0, 1, [1]), (0, 1, [1, 1, 1]),
    ] as [(Int32, Int32, [Int32])] {
      #expect(throws: OperatorError.self) {
        try run(operation(sequence, batch), [x, TestTensor(lengths)], outputs: [(.float32, .none)])
      }
    }
    #expect(throws: OperatorError.self) {
      try run(operation(0, 1), [x, TestTensor([1, 1] as [Float])], outputs: [(.float32, .none)])
    }
    #expect(throws: OperatorError.self) {
      try run(
        operation(0, 1), [TestTensor([1, 2] as [Int8], [1, 2]), TestTensor([1, 1] as [Int32])],
        outputs: [(.int8, .none)])
    }
  }
}
