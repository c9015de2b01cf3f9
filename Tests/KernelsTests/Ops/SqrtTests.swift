import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct SqrtTests {
  private let operation = Sqrt(options: .defaults)

  @Test func takesRoots() throws {
    try expectRealFunctionOverSizes(operation, .float32, in: 0...90, tolerance: 0) { $0.squareRoot() }
    try expectNumbers(
      operation, .float32, [.nan, .infinity, -.infinity, -1, 0, -0.0, 4], [.nan, .infinity, .nan, .nan, 0, -0.0, 2])
    let extremes = [1e-45, 1.1754944e-38, 3.4e38].map { Double(Float($0)) }
    try expectNumbers(operation, .float32, extremes, extremes.map { $0.squareRoot() })
  }

  /// Quantised roots are cut off, not rounded.
  @Test(arguments: [ElementType.int8, .int16], [(Float(0.5), Float(0.1)), (0.01, 0.01), (3, 0.004)])
  func takesRootsOfQuantisedIntegers(_ element: ElementType, _ scales: (Float, Float)) throws {
    let isShort = element == .int16
    let symmetric = AffineForm(element, scale: scales.0, zeroPoint: 0)
    for input in isShort ? [symmetric] : AffineForm.zeroPoints(element, scale: scales.0) {
      let zero = AffineForm(element, scale: scales.1, zeroPoint: 0)
      for output in isShort ? [zero] : AffineForm.zeroPoints(element, scale: scales.1) {
        let x = input.everyInteger.filter { $0 >= input.zeroPoint }
        let result = try run(operation, [input.tensor(x)], outputs: [output.output])[0]
        expectQuantized(result, output, x.map { input.real($0).squareRoot() })
      }
    }
  }

  @Test(arguments: [ElementType.int8, .int16]) func refusesNegativeIntegers(_ element: ElementType) throws {
    let form = AffineForm(element, scale: 0.5, zeroPoint: 0)
    for x in [[-1], [form.limits.lowerBound, 3], [1, 2, 3, 4, 5, 6, 7, 8, -1]] {
      expectRejection(.invalidValue, of: operation, [try form.tensor(x)], outputs: [form.output])
    }
    #expect(try run(operation, [form.tensor([])], outputs: [form.output])[0].bytes == [])
  }

  @Test(arguments: [ElementType.int8, .int16]) func refusesUnsoundQuantisation(_ element: ElementType) throws {
    try expectSoundQuantization(operation, element)
    try expectSurvivalOfExtremeScales(operation, element)
    let skewed = AffineForm(.int16, scale: 1, zeroPoint: 3)
    expectRejection(.malformed, of: operation, [try skewed.tensor([4])], outputs: [skewed.output])
  }

  @Test func refusesOtherOperands() throws {
    try expectElementwiseRejections(operation, supported: [.float32, .int8, .int16])
  }
}
