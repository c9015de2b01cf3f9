import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct PadTests {
  private let operation = Pad(options: .defaults)

  @Test(arguments: PaddingChecks.cases) func surroundsWithZeros(_ dimensions: [Int], _ paddings: [Int]) throws {
    let element = ElementType.wholeBytes[(dimensions.count + paddings.reduce(0, +)) % ElementType.wholeBytes.count]
    for element in [element, .float32, .int8] {
      let input = Grid(dimensions, of: element)
      try expectMoved(
        operation, element, [input.tensor(element), PaddingChecks.tensor(paddings)],
        [PaddingChecks.bordered(input, paddings, with: 0)])
    }
  }

  @Test(arguments: ElementType.wholeBytes, [ElementType.int32, .int64])
  func padsElementsOfEveryWidth(_ element: ElementType, _ paddingElement: ElementType) throws {
    let input = Grid([2, 3, 5], of: element)
    let paddings = [1, 0, 0, 2, 3, 1]
    try expectMoved(
      operation, element, [input.tensor(element), PaddingChecks.tensor(paddings, paddingElement)],
      [PaddingChecks.bordered(input, paddings, with: 0)])
  }

  /// The number 0 of a quantised tensor is its zero point.
  @Test(arguments: [ElementType.int8, .uint8, .int16]) func surroundsWithTheZeroPoint(_ element: ElementType) throws {
    let limits = try #require(element.integerLimits)
    for zeroPoint in [limits.lowerBound, -1, 0, 3, limits.upperBound] where limits.contains(zeroPoint) {
      let input = Grid([3, 4], of: element)
      let quantization = Quantization.perTensor(scale: 0.5, zeroPoint: zeroPoint)
      let bits = UInt128(truncatingIfNeeded: zeroPoint) & (element == .int16 ? 0xFFFF : 0xFF)
      try expectMoved(
        operation, element, [input.tensor(element, quantization), PaddingChecks.tensor([1, 2, 0, 3])],
        [PaddingChecks.bordered(input, [1, 2, 0, 3], with: bits)], quantization: quantization)
    }
    for zeroPoint in [limits.lowerBound - 1, limits.upperBound + 1, 1 << 40] {
      expectRejection(
        .malformed, of: operation, [try TestTensor(zeros: element, [2]), try PaddingChecks.tensor([1, 1])],
        outputs: [(element, .perTensor(scale: 1, zeroPoint: zeroPoint))])
    }
  }

  @Test func refusesOtherOperands() throws {
    try PaddingChecks.expectRejections(operation)
    try expectOnly(
      ElementType.wholeBytes, for: operation, [TestTensor(zeros: .int8, [2]), PaddingChecks.tensor([1, 1])])
    try expectOnly(
      [.int8], for: operation, [TestTensor(zeros: .int8, [2]), PaddingChecks.tensor([1, 1])], output: .int8)
  }
}
