import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct ComplexAbsTests {
  @Test(arguments: [0, 1, 3, 4, 5, 11, 4099]) func givesMagnitudes(count: Int) throws {
    var generator = SeededGenerator(seed: 5)
    let z = (0..<count).map { _ in SIMD2(generator.floats(1)[0], generator.floats(1)[0]) }
    let single = try run(
      ComplexAbs(options: .defaults), [TestTensor(z, [count], element: .complex64)], outputs: [(.float32, .none)])
    expectClose(
      single[0].floats,
      z.map { Float((Double($0.x) * Double($0.x) + Double($0.y) * Double($0.y)).squareRoot()) })
    let w = z.map { SIMD2(Double($0.x), Double($0.y)) }
    let double = try run(
      ComplexAbs(options: .defaults), [TestTensor(w, [count], element: .complex128)], outputs: [(.float64, .none)])
    for (actual, z) in zip(double[0].values(Double.self), w) {
      #expect(abs(actual - (z.x * z.x + z.y * z.y).squareRoot()) < 1e-14)
    }
  }

  @Test func neitherOverflowsNorVanishes() throws {
    let tiny = Float.leastNormalMagnitude / 128
    let z: [SIMD2<Float>] = [
      SIMD2(3e38, 0), SIMD2(3e30, 4e30), SIMD2(3 * tiny, 4 * tiny), SIMD2(.infinity, .nan), SIMD2(.nan, 1),
    ]
    let result = try run(
      ComplexAbs(options: .defaults), [TestTensor(z, [5], element: .complex64)], outputs: [(.float32, .none)])[0].floats
    expectClose([result[0]], [3e38])
    expectClose([result[1]], [5e30])
    #expect(result[2] == 5 * tiny)
    #expect(result[3] == .infinity)
    #expect(result[4].isNaN)
  }

  @Test func refusesWhatItCannotTake() throws {
    expectRefusal(ComplexAbs(options: .defaults), [try TestTensor([1] as [Float])], outputs: [(.float32, .none)])
    let z = try TestTensor([SIMD2<Double>(1, 2)], [1], element: .complex128)
    expectRefusal(ComplexAbs(options: .defaults), [z], outputs: [(.float32, .none)])
  }
}
