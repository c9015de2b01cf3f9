import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct LeakyReluTests {
  private static let slopes: [Float] = [0, 0.25, 0.01, 1, 1.5, -0.5]

  private func operation(_ alpha: Float) throws -> LeakyRelu { try LeakyRelu(options: .table([0: .float(alpha)])) }

  private func oracle(_ x: Double, _ alpha: Float) -> Double { x > 0 ? x : Double(alpha) * x }

  @Test(arguments: slopes) func scalesNegativeFloats(_ alpha: Float) throws {
    try expectRealFunctionOverSizes(operation(alpha), .float32, in: -9...9, tolerance: 2e-7) { oracle($0, alpha) }
  }

  @Test func takesInfinitiesAndNaN() throws {
    let x: [Double] = [.nan, .infinity, -.infinity, 0, -0.0, -4]
    try expectNumbers(operation(0.25), .float32, x, [.nan, .infinity, -.infinity, 0, -0.0, -1])
    try expectNumbers(operation(-1), .float32, x, [.nan, .infinity, .infinity, -0.0, 0, 4])
    try expectNumbers(operation(0), .float32, x, [.nan, .infinity, .nan, 0, -0.0, -0.0])
  }

  @Test(arguments: [ElementType.int8, .uint8, .int16], slopes) func scalesNegativeIntegers(
    _ element: ElementType, _ alpha: Float
  ) throws {
    let isShort = element == .int16
    for input in isShort
      ? [AffineForm(element, scale: 0.05, zeroPoint: 0)] : AffineForm.zeroPoints(element, scale: 0.05)
    {
      for scale: Float in [0.05, 0.03, 0.4] {
        for output in isShort
          ? [AffineForm(element, scale: scale, zeroPoint: 0)] : AffineForm.zeroPoints(element, scale: scale)
        {
          try expectQuantizedFunction(operation(alpha), from: input, to: output) { oracle($0, alpha) }
        }
      }
    }
  }

  @Test(arguments: [ElementType.int8, .uint8, .int16]) func readsUnquantisedIntegersAsZeros(_ element: ElementType)
    throws
  {
    try expectZeroOfUnquantized(operation(0.5), element)
  }

  @Test(arguments: [ElementType.int8, .uint8, .int16]) func refusesUnsoundQuantisation(_ element: ElementType) throws {
    try expectSoundQuantization(operation(0.5), element)
    for alpha: Float in [-2e30, .leastNonzeroMagnitude] { try expectSurvivalOfExtremeScales(operation(alpha), element) }
    let form = AffineForm(element, scale: 1, zeroPoint: 0)
    for alpha in [Float.nan, .infinity] {
      expectRejection(.malformed, of: try operation(alpha), [try form.tensor([1])], outputs: [form.output])
    }
    let skewed = AffineForm(.int16, scale: 1, zeroPoint: 3)
    expectRejection(.malformed, of: try operation(1), [try skewed.tensor([1])], outputs: [skewed.output])
  }

  @Test func refusesOtherOperands() throws {
    try expectElementwiseRejections(operation(0.5), supported: [.float32, .int8, .uint8, .int16])
  }
}
