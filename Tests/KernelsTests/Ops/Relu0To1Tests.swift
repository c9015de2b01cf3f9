import KernelTestSupport
import Kernels
import TensorTypes
import Testing

/// `min(max(x, 0), 1)`
@Suite struct Relu0To1Tests {
  private let checks = ClampChecks(
    operation: Relu0To1(options: .defaults), low: 0, high: 1, types: [.float32, .int8, .uint8])

  @Test func clampsFloats() throws { try checks.clampsFloats() }

  @Test(arguments: [ElementType.int8, .uint8]) func clampsQuantisedIntegers(_ element: ElementType) throws {
    try checks.clampsQuantised(element)
  }

  /// Neighbours of both ends.
  @Test func clampsExactlyAtTheEnds() throws {
    let one: Float = 1
    try expectNumbers(
      Relu0To1(options: .defaults), .float32, [Double(one.nextDown), 1, Double(one.nextUp), -0.0, -1e-40],
      [Double(one.nextDown), 1, 1, -0.0, 0])
  }

  @Test func refusesOtherOperands() throws { try checks.refuses() }
}
