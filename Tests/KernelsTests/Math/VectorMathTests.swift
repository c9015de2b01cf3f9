import Foundation
import KernelTestSupport
import Testing

@testable import Kernels

/// The transcendental functions that kernels share, against double precision.
@Suite struct VectorMathTests {
  /// Errors in units in the last place of the correctly rounded result.
  @Test func vectorMathIsAccurate() {
    func worst(_ range: ClosedRange<Float>, _ function: (Float) -> Float, _ exact: (Double) -> Double) -> Double {
      var generator = SeededGenerator(seed: 11)
      var worst = 0.0
      for _ in 0..<200_000 {
        let x = Float.random(in: range, using: &generator)
        let expected = exact(Double(x))
        let rounded = Float(expected)
        guard abs(rounded) >= .leastNormalMagnitude, rounded.isFinite else { continue }
        worst = max(worst, abs(Double(function(x)) - expected) / Double(rounded.ulp))
      }
      return worst
    }
    let errors = [
      "exp": worst(-87...88, VectorMath.exp, exp), "exp near 0": worst(-0.5...0.5, VectorMath.exp, exp),
      "logistic": worst(-80...20, VectorMath.logistic) { 1 / (1 + exp(-$0)) },
      "tanh": worst(-10...10, VectorMath.tanh, tanh), "tanh near 0": worst(-0.01...0.01, VectorMath.tanh, tanh),
      "expm1": worst(-20...0, VectorMath.exponentialMinusOne, expm1),
    ]
    let limits = [
      "exp": 1.5, "exp near 0": 1.5, "logistic": 3.0, "tanh": 3, "tanh near 0": 3, "expm1": 3,
    ]
    for (name, error) in errors { #expect(error < limits[name] ?? 0, "\(name): \(error)") }
    #expect(VectorMath.exp(89) == .infinity && VectorMath.exp(-110) == 0)
    #expect(VectorMath.exp(.infinity) == .infinity && VectorMath.exp(-.infinity) == 0)
    #expect(abs(VectorMath.exp(-100) - Float(exp(-100.0))) <= 2 * Float.leastNonzeroMagnitude)
    #expect(VectorMath.tanh(.infinity) == 1 && VectorMath.tanh(-.infinity) == -1)
    #expect(VectorMath.logistic(.infinity) == 1 && VectorMath.logistic(-.infinity) == 0)
    for x in [Float(0.49999997), 8_388_607.5, 4_194_304.5, 1e10, -1e10, .infinity] {
      #expect(VectorMath.floor(x) == x.rounded(.down) && VectorMath.ceiling(x) == x.rounded(.up))
      #expect(VectorMath.roundToEven(x) == x.rounded(.toNearestOrEven))
    }
  }
}
