import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct RandomUniformTests {
  private func operation(_ seed: Int64, _ seed2: Int64) throws -> RandomUniform {
    try RandomUniform(options: .table([0: .int64(seed), 1: .int64(seed2)]))
  }

  private func numbers(
    _ operation: RandomUniform, _ shape: [Int32], times: Int = 1, anew: Bool = false, threads: Int = 1
  ) throws -> [[Float]] {
    try invoke(operation, [TestTensor(shape)], output: .float32, times: times, anew: anew, threads: threads)
      .map(\.floats)
  }

  /// The generator's published answers: counter and key all zero, and all ones.
  @Test func knowsPhilox() {
    #expect(
      PhiloxVectors.block(key: (0, 0), counter: (0, 0, 0, 0)) == [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8])
  }

  @Test(arguments: [1, 3, 4, 5, 8, 11, 301]) func givesTheGeneratorsNumbers(count: Int) throws {
    let seed: Int64 = 0x1234_5678_9ABC_DEF0
    let steps = try numbers(operation(seed, -5), [Int32(count)], times: 3)
    var block: UInt64 = 0
    for step in steps {
      var expected: [Float] = []
      while expected.count < count {
        expected += PhiloxVectors.block(seed: UInt64(bitPattern: seed), seed2: UInt64(bitPattern: -5), index: block)
          .map { Float($0 & 0x7F_FFFF) / 0x80_0000 }
        block += 1
      }
      #expect(step == Array(expected.prefix(count)))
    }
  }

  @Test func threadsAndPlanningAnewChangeNothing() throws {
    let one = try numbers(operation(1, 2), [3, 40_000], times: 2)
    #expect(try numbers(operation(1, 2), [3, 40_000], times: 2, anew: true, threads: 3) == one)
    #expect(one[0] != one[1])
    #expect(one[0].allSatisfy { $0 >= 0 && $0 < 1 })
    let mean = one[0].reduce(0, +) / Float(one[0].count)
    #expect(abs(mean - 0.5) < 0.01)
  }

  @Test func interpretersDoNotShareNumbers() throws {
    let shared = try operation(7, 0)
    #expect(try numbers(shared, [9]) == numbers(shared, [9]))
    let context = ExecutionContext(threadPool: ThreadPool(count: 1))
    let first = try invoke(shared, [TestTensor([9] as [Int32])], output: .float32, times: 1, context: context)
    let second = try invoke(shared, [TestTensor([9] as [Int32])], output: .float32, times: 1, context: context)
    #expect(first[0].floats != second[0].floats)
    context.forgetStates()
    let third = try invoke(shared, [TestTensor([9] as [Int32])], output: .float32, times: 1, context: context)
    #expect(first[0].floats == third[0].floats)
  }

  @Test func withoutSeedsNumbersDiffer() throws {
    #expect(try numbers(operation(0, 0), [16]) != numbers(operation(0, 0), [16]))
    #expect(try numbers(operation(0, 1), [16]) == numbers(operation(0, 1), [16]))
  }

  @Test func takesScalarsAndEmptyShapes() throws {
    #expect(try numbers(operation(1, 2), [])[0].count == 1)
    #expect(try numbers(operation(1, 2), [3, 0])[0].isEmpty)
    #expect(try !operation(1, 2).isPure)
  }

  @Test func refusesBadShapes() throws {
    #expect(throws: OperatorError.self) { try numbers(operation(1, 2), [-1]) }
    #expect(throws: OperatorError.self) { try numbers(operation(1, 2), [.max, .max, .max]) }
    for shape in [try TestTensor([2] as [Int64]), try TestTensor([2] as [Int32], []), try TestTensor([2] as [Float])] {
      #expect(throws: OperatorError.self) {
        try run(operation(1, 2), [shape], outputs: [(.float32, .none)])
      }
    }
    #expect(throws: OperatorError.self) {
      try run(operation(1, 2), [TestTensor([2] as [Int32])], outputs: [(.float64, .none)])
    }
  }
}
