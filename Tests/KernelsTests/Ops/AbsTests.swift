import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct AbsTests {
  private let operation = Abs(options: .defaults)

  @Test(arguments: ElementType.reals) func clearsTheSign(_ element: ElementType) throws {
    try expectRealFunctionOverSizes(operation, element, in: -9...9, tolerance: 0) { abs($0) }
    try expectNumbers(
      operation, element, [.nan, -.infinity, .infinity, -0.0, 0, -1e-30], [.nan, .infinity, .infinity, 0, 0, 1e-30])
  }

  @Test(arguments: [ElementType.int16, .int32, .int64]) func leavesTheSmallestInteger(_ element: ElementType) throws {
    let limits = try #require(element.integerLimits)
    for count in Sizes.lengths {
      let x =
        (0..<count).map { $0 % 2 == 0 ? -$0 : limits.upperBound - $0 } + [limits.lowerBound, limits.lowerBound + 1]
      let result = try run(
        operation, [TestTensor(integers: x, as: element)], outputs: [(element, .none)])[0]
      #expect(result.integers == x.map { $0 == limits.lowerBound ? $0 : abs($0) })
    }
  }

  @Test(arguments: [(Float(0.5), Float(0.5)), (0.3, 0.4), (0.4, 0.03), (1e-3, 7)])
  func rescalesQuantisedIntegers(_ from: Float, _ to: Float) throws {
    for input in AffineForm.zeroPoints(.int8, scale: from) {
      for output in AffineForm.zeroPoints(.int8, scale: to) {
        try expectQuantizedFunction(operation, from: input, to: output) { abs($0) }
      }
    }
    try expectQuantizedFunction(
      operation, from: AffineForm(.int16, scale: from, zeroPoint: 0), to: AffineForm(.int16, scale: to, zeroPoint: 0)
    ) { abs($0) }
  }

  @Test(arguments: [ElementType.int8, .int16]) func refusesUnsoundQuantisation(_ element: ElementType) throws {
    // Without a quantisation, 16-bit integers are just integers.
    if element == .int8 { try expectSoundQuantization(operation, element) }
    try expectSurvivalOfExtremeScales(operation, element)
    let skewed = AffineForm(.int16, scale: 1, zeroPoint: 3)
    expectRejection(.malformed, of: operation, [try skewed.tensor([1])], outputs: [skewed.output])
  }

  @Test func refusesOtherOperands() throws {
    try expectElementwiseRejections(
      operation, supported: ElementType.reals + [.int8, .int16, .int32, .int64])
  }
}
