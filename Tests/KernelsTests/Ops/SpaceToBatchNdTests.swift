import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct SpaceToBatchNdTests {
  private let operation = SpaceToBatchNd(options: .defaults)

  private func operands(_ block: [Int], _ paddings: [Int]) throws -> [TestTensor] {
    [try TestTensor(integers: block, as: .int32), try PaddingChecks.tensor(paddings)]
  }

  /// Pads, then gives batch `shift * batches + b` the positions at `shift` of each block. Written for any number of spatial dimensions.
  private func expected(
    _ input: Grid<UInt128>, _ block: [Int], _ paddings: [Int], with value: UInt128 = 0
  ) -> Grid<UInt128> {
    let rank = input.dimensions.count
    let padded = PaddingChecks.bordered(input, [0, 0] + paddings + [0, 0], with: value)
    let batches = input.dimensions[0]
    var shape = padded.dimensions
    shape[0] *= block.reduce(1, *)
    for axis in 1..<rank - 1 { shape[axis] /= block[axis - 1] }
    return Grid<UInt128>(shape) { place in
      var from = place
      from[0] = place[0] % batches
      var shift = place[0] / batches
      for axis in (1..<rank - 1).reversed() {
        from[axis] = place[axis] * block[axis - 1] + shift % block[axis - 1]
        shift /= block[axis - 1]
      }
      return padded[from]
    }
  }

  static let cases: [([Int], [Int], [Int])] =
    Sizes.lengths.map { ([2, 3, 4, $0], [2, 2], [1, 0, 0, 0]) } + [
      ([2, 4, 6, 3], [2, 2], [0, 0, 0, 0]), ([1, 5, 7, 2], [3, 2], [0, 1, 1, 0]),
      ([2, 4, 4, 1], [1, 1], [0, 0, 0, 0]),
      ([2, 4, 4, 1], [4, 1], [2, 2, 0, 3]), ([0, 4, 4, 2], [2, 2], [0, 0, 0, 0]),
      ([2, 0, 4, 2], [2, 2], [2, 0, 1, 1]),
      ([2, 6, 3], [3], [0, 0]), ([2, 6, 3], [4], [1, 1]), ([1, 1, 1], [5], [2, 2]),
      ([1, 32, 32, 8], [2, 4], [0, 0, 4, 0]),
    ]

  @Test(arguments: cases) func movesBlocksToTheBatch(_ dimensions: [Int], _ block: [Int], _ paddings: [Int]) throws {
    for element in [ElementType.int8, .float16, .float32, .int64] {
      let input = Grid(dimensions, of: element)
      try expectMoved(
        operation, element, [input.tensor(element)] + operands(block, paddings), [expected(input, block, paddings)])
    }
  }

  @Test(arguments: ElementType.wholeBytes) func movesElementsOfEveryType(_ element: ElementType) throws {
    let input = Grid([2, 3, 5, 3], of: element)
    try expectMoved(
      operation, element, [input.tensor(element)] + operands([2, 3], [1, 0, 0, 1]),
      [expected(input, [2, 3], [1, 0, 0, 1])])
  }

  @Test(arguments: [(ElementType.int8, -128), (.int8, 127), (.uint8, 0), (.uint8, 255), (.int16, 9)])
  func padsWithTheZeroPoint(_ element: ElementType, _ zeroPoint: Int) throws {
    let input = Grid([1, 3, 3, 2], of: element)
    let quantization = Quantization.perTensor(scale: 0.1, zeroPoint: zeroPoint)
    let value = UInt128(truncatingIfNeeded: zeroPoint) & (element == .int16 ? 0xFFFF : 0xFF)
    try expectMoved(
      operation, element, [input.tensor(element, quantization)] + operands([2, 2], [0, 1, 1, 0]),
      [expected(input, [2, 2], [0, 1, 1, 0], with: value)], quantization: quantization)
  }

  @Test func refusesBlocksAndPaddings() throws {
    let inputs = try [TestTensor(zeros: .int32, [1, 4, 6, 1])] + operands([2, 2], [0, 0, 0, 0])
    let outputs = [(ElementType.int32, Quantization.none)]
    let huge = Int(Int32.max)
    try expectRejectedValues(
      operation, inputs, operand: 1, [[0, 2], [-2, 2], [3, 2], [2, 4], [huge, huge], [2], [2, 2, 2], []],
      outputs: outputs)
    try expectRejectedValues(
      operation, inputs, operand: 2,
      [[-1, 1, 0, 0], [0, 0, 0, 1], [huge, huge, 0, 0], [Int(Int32.min), 0, 0, 0], [0, 0], [0, 0, 0, 0, 0, 0]],
      outputs: outputs)
    for dimensions in [[], [4], [4, 6], [1, 4, 6, 1, 1]] {
      expectRejection(
        of: operation, [try TestTensor(zeros: .int32, dimensions)] + inputs[1...], outputs: outputs, "\(dimensions)")
    }
  }

  @Test func refusesOtherOperands() throws {
    let inputs = try [TestTensor(zeros: .int8, [1, 2, 2, 1])] + operands([2, 2], [0, 0, 0, 0])
    try expectOnly(ElementType.wholeBytes, for: operation, inputs)
    try expectOnly([.int8], for: operation, inputs, output: .int8)
    for index in [1, 2] { try expectOnly([.int32], for: operation, inputs, changing: [index], output: .int8) }
    expectOperandCounts(operation, inputs, outputs: [(.int8, .usual(for: .int8))])
    for quantization in [
      Quantization.none, .perTensor(scale: 0.25, zeroPoint: 0), .perTensor(scale: 0.5, zeroPoint: 1),
    ] {
      expectRejection(.malformed, of: operation, inputs, outputs: [(.int8, quantization)])
    }
  }
}
