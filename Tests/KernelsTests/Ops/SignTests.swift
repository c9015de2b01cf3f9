import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct SignTests {
  @Test(arguments: [0, 1, 3, 4, 5, 11, 1031]) func givesSigns(count: Int) throws {
    var generator = SeededGenerator(seed: 2)
    let x = generator.integers(count, in: -2...2 as ClosedRange<Int32>)
    let expected = x.map { $0.signum() }
    let integers = try run(Sign(options: .defaults), [TestTensor(x)], outputs: [(.int32, .none)])
    #expect(integers[0].values(Int32.self) == expected)
    let floats = try run(Sign(options: .defaults), [TestTensor(x.map { Float($0) / 7 })], outputs: [(.float32, .none)])
    #expect(floats[0].floats == expected.map { Float($0) })
    let doubles = try run(
      Sign(options: .defaults), [TestTensor(x.map { Double($0) * 1e200 })], outputs: [(.float64, .none)])
    #expect(doubles[0].values(Double.self) == expected.map { Double($0) })
  }

  @Test func takesExtremes() throws {
    let result = try run(
      Sign(options: .defaults), [TestTensor([-0.0, .nan, .infinity, -.infinity, .leastNonzeroMagnitude] as [Float])],
      outputs: [(.float32, .none)])
    expectClose(result[0].floats, [0, .nan, 1, -1, 1])
    #expect(result[0].floats[0].bitPattern == 0)
    let integers = try run(Sign(options: .defaults), [TestTensor([.min, .max] as [Int32])], outputs: [(.int32, .none)])
    #expect(integers[0].values(Int32.self) == [-1, 1])
  }

  @Test func refusesWhatItCannotTake() throws {
    expectRefusal(Sign(options: .defaults), [try TestTensor([1] as [Int8])], outputs: [(.int8, .none)])
    expectRefusal(Sign(options: .defaults), [try TestTensor([1] as [Float])], outputs: [(.int32, .none)])
    expectRefusal(Sign(options: .defaults), [], outputs: [(.float32, .none)])
  }
}
