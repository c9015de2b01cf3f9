import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct StablehloRngBitGeneratorTests {
  private func bits(_ algorithm: Int8, _ state: [UInt64], _ element: ElementType, _ shape: [Int], threads: Int = 1)
    throws
    -> (state: [UInt64], words: [UInt32])
  {
    let result = try run(
      try StablehloRngBitGenerator(options: .table([0: .int8(algorithm)])), [TestTensor(state)],
      outputs: [(.uint64, .none), (element, .none)], threads: threads,
      outputShapes: [.scalar, try #require(Shape(shape))])
    return (result[0].values(), result[1].values())
  }

  // The vectors of the paper's reference implementation, Random123: kat_vectors.
  @Test func agreesWithPublishedVectors() throws {
    // Philox takes the counter's upper words from the third element of the state.
    #expect(try bits(1, [0, 0, 0], .uint32, [4]).words == [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8])
    let ones = UInt64.max
    #expect(
      try bits(1, [ones, ones, ones], .uint32, [4]).words == [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd])
    #expect(
      try bits(0, [0x299f_31d0_a409_3822, 0x85a3_08d3_243f_6a88, 0x0370_7344_1319_8a2e], .uint32, [4]).words
        == [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1])
    #expect(try bits(2, [0, 0], .uint32, [2]).words == [0x6b20_0159, 0x99ba_4efe])
    #expect(try bits(2, [ones, ones], .uint32, [2]).words == [0x1cb9_96fc, 0xbb00_2be7])
    #expect(
      try bits(2, [0x0370_7344_1319_8a2e, 0x85a3_08d3_243f_6a88], .uint32, [2]).words == [0xc492_3a9c, 0x483d_f7a0])
  }

  @Test(arguments: [1, 2] as [Int8]) func countsBlocks(algorithm: Int8) throws {
    let perBlock = algorithm == 1 ? 4 : 2
    let state: [UInt64] = [0x0123_4567_89AB_CDEF, 0xFFFF_FFFE]
    for count in [0, 1, perBlock - 1, perBlock, perBlock + 1, 9, 5000] {
      let all = try bits(algorithm, state, .int32, [count], threads: 2)
      let blocks = (count + perBlock - 1) / perBlock
      #expect(all.state == [state[0], state[1] + UInt64(blocks)])
      // Each block is what a generator gives that begins there.
      for block in [0, 1, 2, blocks - 1] where block >= 0 && block < blocks {
        let upper = algorithm == 1 ? [state[0]] : []
        let one = try bits(algorithm, [state[0], state[1] + UInt64(block)] + upper, .uint32, [perBlock]).words
        #expect(
          Array(all.words[block * perBlock..<min((block + 1) * perBlock, count)])
            == Array(one.prefix(count - block * perBlock)))
      }
    }
    let wide = try bits(algorithm, state, .uint64, [3, 5])
    let narrow = try bits(algorithm, state, .uint32, [30])
    #expect(wide.words == narrow.words)
    #expect(wide.words.count == 30)
  }

  @Test func carriesAndWraps() throws {
    #expect(try bits(1, [1, .max, 7], .int64, [2]).state == [1, 0, 7])
    #expect(try bits(2, [1, .max], .int64, [2]).state == [1, 1])
  }

  @Test func refusesWhatItCannotTake() throws {
    #expect(throws: OperatorError.self) { try StablehloRngBitGenerator(options: .table([0: .int8(3)])) }
    #expect(throws: OperatorError.self) { try bits(2, [1, 2, 3], .uint32, [1]) }
    #expect(throws: OperatorError.self) { try bits(1, [1], .uint32, [1]) }
    #expect(throws: OperatorError.self) { try bits(1, [], .uint32, [1]) }
    #expect(throws: OperatorError.self) { try bits(1, [1, 2], .float32, [1]) }
    let operation = try StablehloRngBitGenerator(options: .defaults)
    expectRefusal(operation, [try TestTensor([1, 2] as [Int64])], outputs: [(.int64, .none), (.int32, .none)])
    expectRefusal(operation, [try TestTensor([1, 2] as [UInt64])], outputs: [(.uint64, .none)])
  }
}
