import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct HadamardRotationTests {
  private func rotate(_ x: [Float], _ shape: [Int], size: Int64) throws -> [Float] {
    let options = try OperatorOptions.flexBuffer([
      "hadamard_size": .integer(size), "random_binary_vector": .integers([1, -1]),
    ])
    return try run(
      HadamardRotation(options: options), [TestTensor(x, shape)], outputs: [(.float32, .none)], threads: 2)[0]
      .floats
  }

  /// Element (i, j) of the matrix is -1 to the number of bits that i and j have in common.
  private func expected(_ x: [Float], size: Int, blocks: Int) -> [Float] {
    var y = x
    for block in 0..<blocks {
      for i in 0..<size {
        let sum = (0..<size).reduce(0.0) {
          $0 + ((i & $1).nonzeroBitCount % 2 == 0 ? 1 : -1) * Double(x[block * size + $1])
        }
        y[block * size + i] = Float(sum / Double(size).squareRoot())
      }
    }
    return y
  }

  @Test(arguments: [1, 2, 4, 8, 64, 128, 512]) func multiplies(size: Int) throws {
    var generator = SeededGenerator(seed: 2)
    for shape in [[3, size], [2, 2 * size], [2, 3, size], [1, 3, 2 * size]] {
      let x = generator.floats(shape.reduce(1, *))
      expectClose(
        try rotate(x, shape, size: Int64(size)), expected(x, size: size, blocks: x.count / size), tolerance: 1e-5)
    }
  }

  @Test func incompleteBlocksStayAtTheEnd() throws {
    var generator = SeededGenerator(seed: 4)
    let x = generator.floats(2 * 7)
    let y = try rotate(x, [2, 7], size: 4)
    expectClose(y, expected(x, size: 4, blocks: 2), tolerance: 1e-6)
    #expect(Array(y[8...]) == Array(x[8...]))
    #expect(try rotate(x, [2, 7], size: 8) == x)
  }

  @Test func takesEmptyTensorsAndNaN() throws {
    #expect(try rotate([], [0, 4], size: 4).isEmpty)
    #expect(try rotate([], [4, 0], size: 4).isEmpty)
    #expect(try rotate([.nan, 1, 2, 3], [2, 2], size: 2).prefix(2).allSatisfy { $0.isNaN })
  }

  @Test func refusesWhatDoesNotFit() throws {
    for size in [0, -1, 3, 1 << 40] as [Int64] {
      #expect(throws: OperatorError.self) { try rotate([1, 2], [1, 2], size: size) }
    }
    #expect(throws: OperatorError.self) { try rotate([1, 2], [2], size: 2) }
    #expect(throws: OperatorError.self) { try rotate([1, 2], [1, 1, 1, 2], size: 2) }
    #expect(throws: OperatorError.self) { try HadamardRotation(options: .defaults) }
    #expect(throws: OperatorError.self) {
      try run(
        HadamardRotation(options: .flexBuffer(["hadamard_size": .integer(2)])),
        [TestTensor([1, 2] as [Int8], [1, 2])],
        outputs: [(.int8, .none)])
    }
  }
}
