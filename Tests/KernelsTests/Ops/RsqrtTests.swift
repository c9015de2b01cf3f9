import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct RsqrtTests {
  private let operation = Rsqrt(options: .defaults)

  @Test func takesInverseRoots() throws {
    try expectRealFunctionOverSizes(operation, .float32, in: 0.001...90, tolerance: 3e-7) { 1 / $0.squareRoot() }
    try expectNumbers(
      operation, .float32, [.nan, .infinity, -.infinity, -1, 0, -0.0, 4],
      [.nan, 0, .nan, .nan, .infinity, -.infinity, 0.5])
    try expectRealFunction(operation, .float32, [1e-45, 1.1754944e-38, 3.4e38], tolerance: 3e-7) { 1 / $0.squareRoot() }
  }

  /// The inverse root of zero is the greatest integer.
  @Test(arguments: [Float(0.5), 0.01, 3], [Float(0.1), 0.004])
  func takesInverseRootsOfBytes(_ from: Float, _ to: Float) throws {
    for input in AffineForm.zeroPoints(.int8, scale: from) {
      for output in AffineForm.zeroPoints(.int8, scale: to) {
        let x = input.everyInteger.filter { $0 >= input.zeroPoint }
        let result = try run(operation, [input.tensor(x)], outputs: [output.output])[0]
        expectQuantized(result, output, x.map { 1 / input.real($0).squareRoot() })
      }
    }
  }

  /// Shorts are looked up in a table of 513 points, between which straight lines run.
  @Test func interpolatesShortIntegers() throws {
    let input = AffineForm(.int16, scale: 1.0 / 1024, zeroPoint: 0)
    let output = AffineForm(.int16, scale: 1.0 / 4096, zeroPoint: 0)
    let x = input.everyInteger.filter { $0 > 2048 }
    let result = try run(operation, [input.tensor(x)], outputs: [output.output])[0]
    expectQuantized(result, output, x.map { 1 / input.real($0).squareRoot() }, steps: 8)
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
