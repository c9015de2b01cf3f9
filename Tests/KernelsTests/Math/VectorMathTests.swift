import Testing

@testable import Kernels

/// Rounding, against Swift's own.
@Suite struct VectorMathTests {
  @Test func roundingIsThatOfTheLibrary() {
    for x in [Float(0.49999997), 8_388_607.5, 4_194_304.5, 1e10, -1e10, .infinity] {
      #expect(VectorMath.floor(x) == x.rounded(.down) && VectorMath.ceiling(x) == x.rounded(.up))
      #expect(VectorMath.roundToEven(x) == x.rounded(.toNearestOrEven))
    }
  }
}
