import KernelTestSupport
import Kernels
import TensorTypes
import Testing

/// `min(max(x, -1), 1)`
@Suite struct ReluN1To1Tests {
  private let checks = ClampChecks(
    operation: ReluN1To1(options: .defaults), low: -1, high: 1, types: [.float32, .int8, .uint8])

  @Test func clampsFloats() throws { try checks.clampsFloats() }

  @Test(arguments: [ElementType.int8, .uint8]) func clampsQuantisedIntegers(_ element: ElementType) throws {
    try checks.clampsQuantised(element)
  }

  /// Neighbours of both ends; nothing happens around zero.
  @Test func clampsExactlyAtTheEnds() throws {
    let one: Float = 1
    let below = Double(one.nextDown)
    try expectNumbers(
      ReluN1To1(options: .defaults), .float32,
      [below, 1, Double(one.nextUp), -below, -1, -Double(one.nextUp), -0.0, 0],
      [below, 1, 1, -below, -1, -1, -0.0, 0])
  }

  @Test func refusesOtherOperands() throws { try checks.refuses() }
}
