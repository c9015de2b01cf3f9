import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct LshProjectionTests {
  private func project(_ form: Int8, _ inputs: [TestTensor?], threads: Int = 1) throws -> [Int32] {
    try run(
      LshProjection(options: .table([0: .int8(form)])), inputs, outputs: [(.int32, .none)], threads: threads)[0]
      .values()
  }

  private let seeds: [Float] = [0.123, 0.456, -0.321, 1.234, 5.678, -4.321]

  @Test func knowsTFLitesAnswers() throws {
    for (length, expected) in LshAnswers.hashes {
      let values = (0..<6 * length).map { Int32(truncatingIfNeeded: $0 &* 2_654_435_761) }
      let inputs = [
        try TestTensor(LshAnswers.seeds, [4, 8]), try TestTensor(values, [6, length]),
        try TestTensor(LshAnswers.weights),
      ]
      #expect(try project(1, inputs) == expected, "items of \(length)")
      #expect(try project(1, inputs, threads: 3) == expected)
    }
  }

  @Test func sparseAndDenseAgree() throws {
    var generator = SeededGenerator(seed: 12)
    let seeds = try TestTensor(generator.floats(5 * 7), [5, 7])
    // Items of lengths around those where the fingerprint changes its method.
    for length in [0, 1, 3, 4, 5, 8, 11, 12, 13, 28, 29, 60, 61, 124, 125, 200] {
      let values = try TestTensor(generator.integers(3 * length, in: 0...255) as [UInt8], [3, length])
      for inputs in [[seeds, values], [seeds, values, try TestTensor(generator.floats(3))]] {
        let bits = try project(2, inputs)
        var expected: [Int32] = []
        for hash in 0..<5 {
          var number: Int32 = 0
          for bit in bits[7 * hash..<7 * hash + 7] { number = 2 * number + bit }
          expected.append(number + Int32(128 * hash))
        }
        #expect(try project(1, inputs, threads: 2) == expected)
      }
    }
  }

  @Test func takesThirtyTwoBitsAndNone() throws {
    var generator = SeededGenerator(seed: 13)
    let value = try TestTensor([1] as [Int8])
    #expect(try project(1, [TestTensor(generator.floats(64), [2, 32]), value]).count == 2)
    #expect(try project(2, [TestTensor([Float](), [2, 0]), value]).isEmpty)
    #expect(try project(1, [TestTensor([Float](), [2, 0]), value]) == [0, 1])
  }

  @Test func refusesWhatDoesNotFit() throws {
    let seeds = try TestTensor(seeds, [3, 2])
    let values = try TestTensor([1, 2] as [Int32])
    let bad: [[TestTensor?]] = [
      [try TestTensor([1] as [Float]), values], [try TestTensor([Float](repeating: 0, count: 33), [1, 33]), values],
      [try TestTensor([1] as [Int32], [1, 1]), values], [seeds, try TestTensor([Int32](), [0])],
      [seeds, try TestTensor([1] as [Int32], [])], [seeds, values, try TestTensor([1] as [Float])],
      [seeds, values, try TestTensor([1, 2] as [Int32])], [seeds, values, nil], [seeds],
    ]
    for inputs in bad { #expect(throws: OperatorError.self) { try project(1, inputs) } }
    for form in [0, 3, -1] as [Int8] { #expect(throws: OperatorError.self) { try project(form, [seeds, values]) } }
  }
}
