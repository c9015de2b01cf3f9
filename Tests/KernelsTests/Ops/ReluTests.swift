import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct ReluTests {
  @Test(arguments: [0, 1, 3, 4, 5, 11, 1031]) func clampsFloats(count: Int) throws {
    var generator = SeededGenerator(seed: 1)
    let x = generator.floats(count, in: -3...3)
    let result = try run(Relu(options: .defaults), [TestTensor(x)], outputs: [(.float32, .none)])
    #expect(result[0].floats == x.map { $0 > 0 ? $0 : 0 })
  }

  @Test func keepsNaN() throws {
    let result = try run(
      Relu(options: .defaults), [TestTensor([Float.nan, -.infinity, .infinity])], outputs: [(.float32, .none)])
    expectClose(result[0].floats, [.nan, 0, .infinity])
  }

  @Test func refusesOtherTypes() throws {
    #expect(throws: OperatorError.self) {
      try run(Relu(options: .defaults), [TestTensor([1, 2] as [Int64])], outputs: [(.int64, .none)])
    }
  }
}
