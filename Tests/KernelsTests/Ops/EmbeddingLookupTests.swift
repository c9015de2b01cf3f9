import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct EmbeddingLookupTests {
  private let operation = EmbeddingLookup(options: .defaults)

  /// The table's shape and the rows that are looked up.
  static let cases: [([Int], [Int])] = [
    ([1, 1], [0]), ([5, 3], [4, 0, 2, 2]), ([5, 17], []), ([3, 16], [2, 1]), ([4, 33], [3, 3, 0]),
    ([4, 2, 3], [1, 3]),
    ([2, 1, 3, 2], [1, 0, 1]), ([2, 2, 1, 2, 1, 2, 1, 2], [1]), ([3, 0], [2, 1]),
    ([7, 67], [Int](repeating: 5, count: 300)),
  ]

  @Test(arguments: cases) func copiesRows(_ dimensions: [Int], _ rows: [Int]) throws {
    let table = Grid.numbered(dimensions)
    let expected = Grid([rows.count] + dimensions.dropFirst()) { place in
      table[[rows[place[0]]] + place.dropFirst()]
    }
    for element in rows.count > 100 ? [.uint8] : ElementType.movable {
      try expectMoved(
        operation, [try vector(rows, constant: false), try table.tensor(element)], element, expected)
    }
  }

  /// `scale * q`, with one scale or one for each row. Packed rows start at whole bytes: their lengths are multiples of what a byte holds.
  @Test(arguments: [ElementType.int8, .int4, .int2], [[3, 4], [5, 16], [2, 3, 4], [4, 68]] as [[Int]])
  func scalesQuantisedRows(_ element: ElementType, _ dimensions: [Int]) throws {
    var generator = SeededGenerator(seed: 81)
    let x = generator.integers(dimensions.reduce(1, *), in: try #require(element.integerLimits))
    let rows = [dimensions[0] - 1, 0, 0, 1]
    let length = x.count / dimensions[0]
    let perRow = generator.floats(dimensions[0], in: 0.01...2)
    for (scales, quantization) in [
      ([Float](repeating: 0.37, count: perRow.count), .perTensor(scale: 0.37, zeroPoint: 0)),
      (perRow, .perChannel(scales: perRow, zeroPoints: perRow.map { _ in 0 }, axis: 0)),
    ] as [([Float], Quantization)] {
      let table = try TestTensor(integers: x, dimensions, as: element, quantization: quantization)
      let expected = rows.flatMap { row in x[row * length..<(row + 1) * length].map { Float($0) * scales[row] } }
      for output in [ElementType.float32, .float16] {
        let result = try run(operation, [vector(rows), table.constant], outputs: [(output, .none)])[0]
        #expect(result.type.shape.dimensions == [4] + dimensions.dropFirst())
        #expect(result.numbers == expected.map { output.rounded(Double($0)) })
      }
    }
  }

  /// Bytes without sign are read as signed ones, as TFLite does.
  @Test func readsUnsignedTablesAsSigned() throws {
    let table = try TestTensor(
      [1, 255, 128, 127] as [UInt8], [2, 2], quantization: .perTensor(scale: 2, zeroPoint: 0))
    #expect(
      try run(operation, [vector([1, 0]), table], outputs: [(.float32, .none)])[0].floats == [-256, 254, 2, -2])
  }

  @Test(arguments: [-1, 3, Int(Int32.max), Int(Int32.min)], [ElementType.float32, .int8, .int4])
  func refusesRows(_ row: Int, _ element: ElementType) throws {
    for constant in [true, false] {
      expectRejection(
        .invalidValue, of: operation,
        [try vector([0, row], constant: constant), try TestTensor(zeros: element, [3, 2])], outputs: [(.float32, .none)]
      )
    }
  }

  @Test func refusesQuantisations() throws {
    for quantization: Quantization in [
      .none, .perTensor(scale: 1, zeroPoint: 1), .perChannel(scales: [1, 2], zeroPoints: [0, 1], axis: 0),
      .perChannel(scales: [1, 2], zeroPoints: [0, 0], axis: 1),
      .perChannel(scales: [1, 2, 3], zeroPoints: [0, 0, 0], axis: 0),
      .perChannel(scales: [], zeroPoints: [], axis: 0), .blockwise(scales: 1, zeroPoints: nil, blockSize: 2),
    ] {
      let table = try TestTensor(integers: [1, 2, 3, 4], [2, 2], as: .int8, quantization: quantization)
      expectRejection(of: operation, [try vector([0]), table], outputs: [(.float32, .none)], "\(quantization)")
    }
  }

  @Test func refusesOtherOperands() throws {
    let inputs = [try vector([0]), try TestTensor(zeros: .float32, [1, 1])]
    try expectOnly(ElementType.movable, for: operation, inputs, changing: [1])
    try expectOnly([.float32, .int8, .uint8, .int4, .int2], for: operation, inputs, changing: [1], output: .float32)
    try expectOnly([.int32], for: operation, inputs, changing: [0], output: .float32)
    expectOperandCounts(operation, inputs, outputs: [(.float32, .none)])
    expectRejection(of: operation, inputs, outputs: [(.float16, .none)])
    for dimensions in [[], [1]] {
      expectRejection(
        .malformed, of: operation, [inputs[0], try TestTensor(zeros: .float32, dimensions)],
        outputs: [(.float32, .none)])
    }
    for dimensions in [[], [1, 1]] {
      expectRejection(
        .malformed, of: operation, [try TestTensor(zeros: .int32, dimensions), inputs[1]], outputs: [(.float32, .none)])
    }
  }
}
