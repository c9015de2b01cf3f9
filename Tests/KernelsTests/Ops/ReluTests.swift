import KernelTestSupport
import Kernels
import TensorTypes
import Testing

/// `max(x, 0)`
@Suite struct ReluTests {
  private let checks = ClampChecks(
    operation: Relu(options: .defaults), low: 0, high: .infinity, types: [.float32, .int8, .uint8, .int16])

  @Test func clampsFloats() throws { try checks.clampsFloats() }

  @Test(arguments: [ElementType.int8, .uint8, .int16]) func clampsQuantisedIntegers(_ element: ElementType) throws {
    try checks.clampsQuantised(element)
  }

  /// Minus zero is not below zero, so it stays.
  @Test func keepsMinusZero() throws {
    try expectNumbers(Relu(options: .defaults), .float32, [-0.0, 0, -1e-40, 1e-40], [-0.0, 0, 0, 1e-40])
  }

  @Test func refusesOtherOperands() throws { try checks.refuses() }
}
