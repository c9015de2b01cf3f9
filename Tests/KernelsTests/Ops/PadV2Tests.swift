import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct PadV2Tests {
  private let operation = PadV2(options: .defaults)

  @Test(arguments: PaddingChecks.cases) func surroundsWithTheValue(_ dimensions: [Int], _ paddings: [Int]) throws {
    for element in [ElementType.float32, .int16, .uint8] {
      let input = Grid(dimensions, of: element)
      let value = Grid([], of: element, from: 1000)
      try expectMoved(
        operation, element, [input.tensor(element), PaddingChecks.tensor(paddings), value.tensor(element)],
        moved: [0, 2], [PaddingChecks.bordered(input, paddings, with: value.values[0])])
    }
  }

  @Test(arguments: ElementType.wholeBytes, [[], [1], [1, 1]])
  func padsElementsOfEveryWidth(_ element: ElementType, _ valueShape: [Int]) throws {
    let input = Grid([2, 3, 5], of: element)
    let value = Grid(valueShape, of: element, from: 77)
    let paddings = [1, 0, 0, 2, 3, 1]
    try expectMoved(
      operation, element, [input.tensor(element), PaddingChecks.tensor(paddings, .int64), value.tensor(element)],
      [PaddingChecks.bordered(input, paddings, with: value.values[0])])
  }

  /// The value is copied as it is: signs of zeros and the bits of NaN stay, and a quantised one is not scaled.
  @Test func keepsTheBitsOfTheValue() throws {
    let input = try TestTensor([1] as [Float])
    for bits in [0x8000_0000, 0x7FC1_2345, 0xFF80_0000, 1] as [UInt32] {
      let result = try run(
        operation, [input, PaddingChecks.tensor([1, 0]), TestTensor([Float(bitPattern: bits)])],
        outputs: [(.float32, .none)])[0]
      #expect(result.values(UInt32.self) == [bits, Float(1).bitPattern])
    }
    let form = AffineForm(.int8, scale: 0.5, zeroPoint: -128)
    let result = try run(
      operation, [form.tensor([5]), PaddingChecks.tensor([1, 1]), form.tensor([127])], outputs: [form.output])[0]
    #expect(result.integers == [127, 5, 127])
  }

  @Test func refusesOtherOperands() throws {
    try PaddingChecks.expectRejections(operation, more: [try TestTensor(zeros: .int32, [])])
    let inputs = [
      try TestTensor(zeros: .int8, [2]), try PaddingChecks.tensor([1, 1]), try TestTensor(zeros: .int8, []),
    ]
    try expectOnly(ElementType.wholeBytes, for: operation, inputs, changing: [0, 2])
    try expectOnly([.int8], for: operation, inputs, output: .int8)
    try expectOnly([.int8], for: operation, inputs, changing: [2], output: .int8)
    for (shape, quantization) in [
      ([2], Quantization.usual(for: .int8)), ([0], .usual(for: .int8)), ([], .perTensor(scale: 0.25, zeroPoint: 0)),
      ([], .perTensor(scale: 0.5, zeroPoint: 1)), ([], .none),
    ] {
      let value = try TestTensor([Int8](repeating: 0, count: shape.first ?? 1), shape, quantization: quantization)
      expectRejection(
        .malformed, of: operation, [inputs[0], inputs[1], value], outputs: [(.int8, .usual(for: .int8))])
    }
  }
}
