import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct BatchToSpaceNdTests {
  private static let types = ElementType.movable.filter { $0.bitWidth >= 8 && $0.bitWidth <= 64 }
  private let operation = BatchToSpaceNd(options: .defaults)

  struct Case: Sendable {
    var input: [Int]
    var block: [Int]
    var crops: [Int]
    var output: [Int] {
      let area = block.reduce(1, *)
      return [input[0] / area]
        + block.indices.map { input[$0 + 1] * block[$0] - crops[2 * $0] - crops[2 * $0 + 1] } + [input[input.count - 1]]
    }
  }

  static let cases = [
    Case(input: [4, 1, 1, 1], block: [2, 2], crops: [0, 0, 0, 0]),
    Case(input: [12, 2, 3, 5], block: [2, 3], crops: [1, 2, 0, 4]),
    Case(input: [8, 3, 2], block: [4], crops: [3, 1]), Case(input: [1, 3, 4, 2], block: [1, 1], crops: [0, 1, 2, 0]),
    Case(input: [6, 2, 2, 17], block: [3, 1], crops: [0, 0, 1, 0]),
    Case(input: [4, 2, 2, 3], block: [2, 2], crops: [2, 2, 0, 0]),
    Case(input: [0, 2, 2, 3], block: [2, 2], crops: [0, 0, 0, 0]),
    Case(input: [4, 2, 2, 0], block: [2, 2], crops: [0, 0, 0, 1]),
    Case(input: [8, 30, 20, 8], block: [2, 2], crops: [1, 0, 3, 3]),
  ]

  private func operands(_ c: Case, constant: Bool = true) throws -> [TestTensor] {
    let crops = try TestTensor(c.crops.map { Int32(clamping: $0) }, [c.crops.count / 2, 2])
    return [try vector(c.block, constant: constant), constant ? crops.constant : crops]
  }

  /// Each result pixel comes from the image whose turn it is within the block.
  @Test(arguments: cases) func movesBatchesIntoBlocks(_ c: Case) throws {
    let input = Grid.numbered(c.input)
    let batches = c.output[0]
    let expected = Grid(c.output) { place in
      var from = place
      var shift = 0
      for axis in c.block.indices {
        let whole = place[axis + 1] + c.crops[2 * axis]
        shift = shift * c.block[axis] + whole % c.block[axis]
        from[axis + 1] = whole / c.block[axis]
      }
      from[0] = shift * batches + place[0]
      return input[from]
    }
    for element in input.values.count > 10_000 ? [.int8] : Self.types {
      try expectMoved(operation, [try input.tensor(element)] + operands(c), element, expected)
    }
    try expectMoved(operation, [try input.tensor(.int32)] + operands(c, constant: false), .int32, expected)
  }

  @Test(arguments: [
    Case(input: [4, 2, 2, 1], block: [3, 2], crops: [0, 0, 0, 0]),
    Case(input: [4, 2, 2, 1], block: [0, 2], crops: [0, 0, 0, 0]),
    Case(input: [4, 2, 2, 1], block: [-2, -2], crops: [0, 0, 0, 0]),
    Case(input: [4, 2, 2, 1], block: [2, 2], crops: [-1, 0, 0, 0]),
    Case(input: [4, 2, 2, 1], block: [2, 2], crops: [3, 2, 0, 0]),
    Case(input: [4, 2, 2, 1], block: [2, 2, 1], crops: [0, 0, 0, 0, 0, 0]),
    Case(input: [4, 2, 2, 1], block: [4], crops: [0, 0]),
    Case(input: [4, 2, 2, 1], block: [2, 2], crops: [0, 0]),
    Case(input: [0, 2, 2, 1], block: [Int(Int32.max), Int(Int32.max)], crops: [0, 0, 0, 0]),
    Case(input: [4, 4], block: [], crops: []),
    Case(input: [4, 2, 2, 2, 1], block: [2, 2, 1], crops: [0, 0, 0, 0, 0, 0]),
  ])
  func refusesBlocks(_ c: Case) throws {
    for constant in [true, false] {
      expectRejection(
        of: operation, [try TestTensor(zeros: .float32, c.input)] + (try operands(c, constant: constant)),
        outputs: [(.float32, .none)])
    }
  }

  @Test func refusesOtherOperands() throws {
    let c = Case(input: [4, 1, 1, 1], block: [2, 2], crops: [0, 0, 0, 0])
    let inputs = [try TestTensor(zeros: .float32, c.input)] + (try operands(c))
    try expectOnly(Self.types, for: operation, inputs)
    for index in [1, 2] {
      try expectOnly([.int32], for: operation, inputs, changing: [index], output: .float32)
    }
    expectOperandCounts(operation, inputs, outputs: [(.float32, .none)])
    expectRejection(.malformed, of: operation, inputs, outputs: [(.int32, .none)])
    // The quantisation stays.
    for element in [ElementType.int8, .uint8, .int16] {
      let form = AffineForm(element, scale: 0.5, zeroPoint: 0)
      for other in [AffineForm(element, scale: 0.25, zeroPoint: 0), AffineForm(element, scale: 0.5, zeroPoint: 1)] {
        expectRejection(
          .malformed, of: operation, [try form.tensor([1, 2, 3, 4], c.input)] + (try operands(c)),
          outputs: [other.output])
      }
    }
  }
}
