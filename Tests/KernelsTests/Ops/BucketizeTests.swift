import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct BucketizeTests {
  private func operation(_ boundaries: [Float]) throws -> Bucketize {
    try Bucketize(options: .table([0: .floats(boundaries)]))
  }

  @Test(arguments: [0, 1, 2, 3, 7, 8]) func countsBoundaries(boundaries: Int) throws {
    var generator = SeededGenerator(seed: 7)
    let limits = generator.integers(boundaries, in: -5...5 as ClosedRange<Int>).sorted().map { Float($0) }
    for count in [0, 1, 5, 1031] {
      let x = generator.integers(count, in: -7...7 as ClosedRange<Int32>)
      let expected = x.map { value in Int32(limits.filter { $0 <= Float(value) }.count) }
      func check<T: BitwiseCopyable>(_ values: [T]) throws {
        let result = try run(try operation(limits), [TestTensor(values)], outputs: [(.int32, .none)])
        #expect(result[0].values(Int32.self) == expected)
      }
      try check(x)
      try check(x.map { Int64($0) })
      try check(x.map { Float($0) })
      try check(x.map { Double($0) })
    }
  }

  @Test func takesExtremes() throws {
    let result = try run(
      try operation([-1, 0, .infinity]), [TestTensor([.nan, .infinity, -.infinity, -0.0, -1] as [Float])],
      outputs: [(.int32, .none)])
    #expect(result[0].values(Int32.self) == [3, 3, 0, 2, 1])
    let integers = try run(
      try operation([-1e30, 1e30]), [TestTensor([.min, .max] as [Int64])], outputs: [(.int32, .none)])
    #expect(integers[0].values(Int32.self) == [1, 1])
  }

  @Test func imposesItsOutputType() throws {
    let result = try run(try operation([0]), [TestTensor([1] as [Float])], outputs: [(.float32, .none)])
    #expect(result[0].type.element == .int32)
  }

  @Test func refusesWhatItCannotTake() throws {
    #expect(throws: OperatorError.self) { try operation([1, 0]) }
    expectRefusal(try operation([0]), [try TestTensor([1] as [Int8])], outputs: [(.int32, .none)])
    expectRefusal(try operation([0]), [], outputs: [(.int32, .none)])
  }
}
