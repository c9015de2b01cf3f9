import Foundation
import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct ExpTests {
  private let operation = Exp(options: .defaults)

  @Test(arguments: ElementType.reals) func matchesDoublePrecision(_ element: ElementType) throws {
    try expectRealFunctionOverSizes(operation, element, in: -9...9) { exp($0) }
  }

  /// Up to where the result overflows, and down through the numbers below the smallest normal one.
  @Test func reachesTheEndsOfTheRange() throws {
    let x = (-103...88).map { Double($0) } + [88.7, -87.3, -87.4]
    try expectRealFunction(operation, .float32, x, tolerance: 2e-7, least: 1.2e-38) { exp($0) }
    try expectRealFunction(operation, .float32, [-90, -95, -100, -103], tolerance: 1, least: 2.8e-45) { exp($0) }
  }

  @Test(arguments: ElementType.reals) func takesInfinities(_ element: ElementType) throws {
    try expectNumbers(
      operation, element, [.nan, .infinity, -.infinity, 0, -0.0, 1000, -1000], [.nan, .infinity, 0, 1, 1, .infinity, 0])
  }

  @Test(arguments: [(Float(0.01), Float(0.02)), (0.1, 0.1), (2, 100)])
  func matchesOnQuantisedIntegers(_ from: Float, _ to: Float) throws {
    for input in AffineForm.zeroPoints(.int8, scale: from) {
      for output in AffineForm.zeroPoints(.int8, scale: to) {
        // Beyond 2^31 steps the reference kernel's conversion to integers gives the smallest of them; see below.
        let x = input.everyInteger.filter { exp(input.real($0)) < 1e9 * Double(to) }
        let result = try run(operation, [input.tensor(x)], outputs: [output.output])[0]
        expectQuantized(result, output, x.map { exp(input.real($0)) }, steps: 0.51)
      }
    }
  }

  @Test func overflowsAsTheReference() throws {
    let input = AffineForm(.int8, scale: 1, zeroPoint: -128)
    let output = AffineForm(.int8, scale: 1, zeroPoint: -128)
    let result = try run(operation, [input.tensor([-128 + 5, -128 + 21, -128 + 22])], outputs: [output.output])[0]
    #expect(result.integers == [20, 127, -128])
  }

  /// The table of 16-bit results joins 513 points by straight lines; the last is the largest input, so that the others lie up to one input
  /// off the multiples of 128.
  @Test func interpolatesShortIntegers() throws {
    let input = AffineForm(.int16, scale: 2.0 / 32768, zeroPoint: 0)
    try expectQuantizedFunction(
      operation, from: input, to: AffineForm(.int16, scale: 8.0 / 32768, zeroPoint: 0), steps: 3.5
    ) { exp($0) }
    // Everything above the largest output saturates.
    let steep = AffineForm(.int16, scale: 1e-4, zeroPoint: 0)
    let result = try run(operation, [try input.tensor([0, 20000, 32767])], outputs: [steep.output])[0]
    #expect(result.integers[1...] == [32767, 32767])
    #expect(abs(result.integers[0] - 10000) <= 1)
  }

  @Test(arguments: [ElementType.int8, .int16]) func readsUnquantisedIntegersAsZeros(_ element: ElementType) throws {
    try expectZeroOfUnquantized(operation, element, is: 1)
  }

  @Test(arguments: [ElementType.int8, .int16]) func refusesUnsoundQuantisation(_ element: ElementType) throws {
    try expectSoundQuantization(operation, element)
    try expectSurvivalOfExtremeScales(operation, element)
    let skewed = AffineForm(.int16, scale: 1, zeroPoint: 3)
    expectRejection(.malformed, of: operation, [try skewed.tensor([1])], outputs: [skewed.output])
  }

  @Test func refusesOtherOperands() throws {
    try expectElementwiseRejections(operation, supported: ElementType.reals + [.int8, .int16])
  }
}
