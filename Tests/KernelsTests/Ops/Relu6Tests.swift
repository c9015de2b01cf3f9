import KernelTestSupport
import Kernels
import TensorTypes
import Testing

/// `min(max(x, 0), 6)`
@Suite struct Relu6Tests {
  private let checks = ClampChecks(
    operation: Relu6(options: .defaults), low: 0, high: 6, types: [.float32, .int8, .uint8, .int16])

  @Test func clampsFloats() throws { try checks.clampsFloats() }

  @Test(arguments: [ElementType.int8, .uint8, .int16]) func clampsQuantisedIntegers(_ element: ElementType) throws {
    try checks.clampsQuantised(element)
  }

  /// Neighbours of both ends.
  @Test func clampsExactlyAtTheEnds() throws {
    let six: Float = 6
    try expectNumbers(
      Relu6(options: .defaults), .float32, [Double(six.nextDown), 6, Double(six.nextUp), -0.0, -1e-40],
      [Double(six.nextDown), 6, 6, -0.0, 0])
  }

  @Test func refusesOtherOperands() throws { try checks.refuses() }
}
