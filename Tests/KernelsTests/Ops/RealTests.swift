import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct RealTests {
  @Test(arguments: [0, 1, 3, 4, 5, 11, 1031]) func takesParts(count: Int) throws {
    let z = (0..<count).map { SIMD2(Float($0) + 0.5, -Float($0)) }
    let single = try run(
      Real(options: .defaults), [TestTensor(z, [count], element: .complex64)], outputs: [(.float32, .none)])
    #expect(single[0].floats == z.map { $0.x })
    let w = z.map { SIMD2(Double($0.x), Double($0.y)) }
    let double = try run(
      Real(options: .defaults), [TestTensor(w, [count], element: .complex128)], outputs: [(.float64, .none)])
    #expect(double[0].values(Double.self) == w.map { $0.x })
  }

  @Test func keepsWhatIsNotFinite() throws {
    let z: [SIMD2<Float>] = [SIMD2(.nan, .infinity), SIMD2(-.infinity, .nan)]
    let result = try run(
      Real(options: .defaults), [TestTensor(z, [2], element: .complex64)], outputs: [(.float32, .none)])
    expectClose(result[0].floats, z.map { $0.x })
  }

  @Test func refusesWhatItCannotTake() throws {
    let real = try TestTensor([1] as [Float])
    expectRefusal(Real(options: .defaults), [real], outputs: [(.float32, .none)])
    let z = try TestTensor([SIMD2<Float>(1, 2)], [1], element: .complex64)
    expectRefusal(Real(options: .defaults), [z], outputs: [(.float64, .none)])
    expectRefusal(Real(options: .defaults), [z, z], outputs: [(.float32, .none)])
  }
}
