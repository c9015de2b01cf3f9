import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct AddNTests {
  @Test(arguments: [0, 1, 3, 4, 5, 11, 5000]) func adds(count: Int) throws {
    var generator = SeededGenerator(seed: 6)
    for inputs in 2...5 {
      let reals = (0..<inputs).map { _ in generator.floats(count) }
      let real = try run(AddN(options: .defaults), reals.map { try TestTensor($0) }, outputs: [(.float32, .none)])
      expectClose(real[0].floats, (0..<count).map { i in Float(reals.reduce(0.0) { $0 + Double($1[i]) }) })
      let integers = (0..<inputs).map { _ in generator.integers(count, in: Int32.min...Int32.max) }
      let result = try run(AddN(options: .defaults), integers.map { try TestTensor($0) }, outputs: [(.int32, .none)])
      let expected = (0..<count).map { i in
        Int32(truncatingIfNeeded: integers.reduce(0) { $0 + Int($1[i]) })
      }
      #expect(result[0].values(Int32.self) == expected)
    }
  }

  @Test func limitsInfinities() throws {
    let a = try TestTensor([.infinity, -.infinity, .nan, 3e38] as [Float])
    let b = try TestTensor([1, 1, 1, 3e38] as [Float])
    let largest = Float.greatestFiniteMagnitude
    let result = try run(AddN(options: .defaults), [a, b], outputs: [(.float32, .none)])
    expectClose(result[0].floats, [largest, -largest, .nan, largest])
  }

  @Test func refusesWhatItCannotTake() throws {
    let two = try TestTensor([1, 2] as [Float])
    expectRefusal(AddN(options: .defaults), [two], outputs: [(.float32, .none)])
    expectRefusal(AddN(options: .defaults), [], outputs: [(.float32, .none)])
    expectRefusal(AddN(options: .defaults), [two, try TestTensor([1] as [Float])], outputs: [(.float32, .none)])
    expectRefusal(AddN(options: .defaults), [two, nil], outputs: [(.float32, .none)])
    expectRefusal(AddN(options: .defaults), [two, try TestTensor([1, 2] as [Int32])], outputs: [(.float32, .none)])
    let bytes = try TestTensor([1] as [Int8])
    expectRefusal(AddN(options: .defaults), [bytes, bytes], outputs: [(.int8, .none)])
  }
}
