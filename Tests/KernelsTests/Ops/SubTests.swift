import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct SubTests {
  private let checks = ArithmeticChecks(make: { try Sub(options: .table([0: .int8($0)])) }) { $0 - $1 }

  @Test(arguments: [ElementType.float32, .float16, .int16, .int32, .int64])
  func broadcasts(_ element: ElementType) throws {
    try checks.broadcasts(element, magnitude: 99)
  }

  @Test func clampsWithActivations() throws {
    try checks.clampsWithActivations([.float32, .float16, .int16, .int32, .int64])
  }

  /// An infinite difference becomes the largest finite number, as in the reference kernel's clamp.
  @Test func takesInfinitiesAndNaN() throws {
    let a = try TestTensor([.infinity, -.infinity, .nan, .infinity, -0.0, .greatestFiniteMagnitude] as [Float])
    let b = try TestTensor([1, 1, 1, .infinity, 0, -.greatestFiniteMagnitude] as [Float])
    let result = try run(checks.make(0), [a, b], outputs: [(.float32, .none)])[0].floats
    let limit = Float.greatestFiniteMagnitude
    expectClose(result, [limit, -limit, .nan, .nan, 0, limit])
    #expect(result[4].sign == .minus)
  }

  @Test(arguments: [ElementType.int16, .int32, .int64]) func wraps(_ element: ElementType) throws {
    let limits = try #require(element.integerLimits)
    let a = try TestTensor(integers: [limits.upperBound, limits.lowerBound, 0], as: element)
    let b = try TestTensor(integers: [-1, 1, limits.lowerBound], as: element)
    let result = try run(checks.make(0), [a, b], outputs: [(element, .none)])[0].integers
    #expect(result == [limits.lowerBound, limits.upperBound, limits.lowerBound])
  }

  @Test(arguments: [ElementType.int8, .uint8], [(Float(0.05), Float(0.031), Float(0.02)), (0.05, 0.05, 0.3)])
  func subtractsQuantisedBytes(_ element: ElementType, _ scales: (Float, Float, Float)) throws {
    try checks.matchesOnQuantisedBytes(element, scales)
  }

  /// The general form, and the one for scales that are powers of two.
  @Test(arguments: [(0.0003, 0.0007, 0.001), (0x1p-12, 0x1p-10, 0x1p-10)] as [(Float, Float, Float)], [true, false])
  func subtractsQuantisedShorts(_ scales: (Float, Float, Float), _ powerOfTwoScales: Bool) throws {
    let checks = ArithmeticChecks(
      make: { try Sub(options: .table([0: .int8($0), 1: .bool(powerOfTwoScales)])) }, function: checks.function)
    try checks.matchesOnQuantisedShorts(scales)
  }

  /// With power-of-two scales, one input must have the output's.
  @Test func refusesPowersOfTwoFarApart() throws {
    let forms = [0.25, 0.5, 1].map { AffineForm(.int16, scale: $0, zeroPoint: 0) }
    expectRejection(
      .malformed, of: try checks.make(0), [try forms[0].tensor([1]), try forms[1].tensor([1])],
      outputs: [forms[2].output])
  }

  @Test func computesInPlace() throws { try checks.computesInPlace() }

  @Test func refusesOtherOperands() throws {
    try checks.refuses(supported: [.float32, .float16, .int8, .uint8, .int16, .int32, .int64])
  }
}
