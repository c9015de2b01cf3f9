import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct ScatterNdTests {
  private let operation = ScatterNd(options: .defaults)
  static let types: [ElementType] = [.float32, .int32, .int64, .int8, .uint8, .bool]

  /// The shape of the result, and how many of its dimensions an index names, with the shape of the batch of indices.
  static let cases: [([Int], Int, [Int])] =
    Sizes.lengths.dropFirst().map { ([3, $0], 1, [4]) } + [
      ([9], 1, [5]), ([4, 5], 2, [7]), ([4, 5], 0, [2]), ([2, 3, 4], 2, [2, 3]), ([2, 3, 4], 1, []), ([4], 1, [0]),
      ([3, 0], 1, [2]), ([2, 1, 2, 1, 2, 1, 2, 3], 5, [3, 2]), ([2, 1, 2, 1, 2, 1, 2, 3], 8, [9]),
    ]

  private func check(
    _ element: ElementType, _ shape: [Int], depth: Int, _ batch: [Int], indices indexElement: ElementType
  ) throws {
    var generator = SeededGenerator(seed: 14)
    let slices = batch.reduce(1, *)
    let inner = Array(shape[depth...])
    let length = inner.reduce(1, *)
    // Few places, so that several updates meet.
    let places = (0..<slices).map { _ in shape[..<depth].map { Int.random(in: 0..<$0, using: &generator) } }
    let updates = generator.integers(slices * length, in: element == .bool ? 0...1 : 0...100)
    var sums = Grid<Int>(shape) { _ in 0 }
    for (slice, place) in places.enumerated() {
      for (index, tail) in Grid<Int>.coordinates(inner).enumerated() {
        let flat = zip(shape, place + tail).reduce(0) { $0 * $1.0 + $1.1 }
        sums.values[flat] += updates[slice * length + index]
      }
    }
    let expected = try TestTensor(
      integers: element == .bool ? sums.values.map { min($0, 1) } : sums.values, shape, as: element)
    let inputs = try [
      TestTensor(integers: places.flatMap { $0 }, batch + [depth], as: indexElement),
      TestTensor(integers: updates, batch + inner, as: element), TestTensor(integers: shape, as: indexElement),
    ]
    for last in [inputs[2], inputs[2].constant] {
      let result = try run(operation, [inputs[0], inputs[1], last], outputs: [(element, .none)])[0]
      #expect(result.type.shape.dimensions == shape)
      #expect(result.bytes == expected.bytes)
    }
  }

  @Test(arguments: cases) func addsSlices(_ shape: [Int], _ depth: Int, _ batch: [Int]) throws {
    for element in Self.types { try check(element, shape, depth: depth, batch, indices: .int32) }
    try check(.float32, shape, depth: depth, batch, indices: .int64)
  }

  @Test func wrapsIntegers() throws {
    func sum<T: FixedWidthInteger & BitwiseCopyable>(_ a: T, _ b: T) throws -> T {
      try run(
        operation, [TestTensor([0, 0] as [Int32], [2, 1]), TestTensor([a, b]), TestTensor([1] as [Int32])],
        outputs: [(TestTensor([a]).type.element, .none)])[0].values(T.self)[0]
    }
    #expect(try sum(Int8.max, 1) == .min)
    #expect(try sum(UInt8.max, 2) == 1)
    #expect(try sum(Int32.max, .max) == -2)
    #expect(try sum(Int64.min, -1) == .max)
  }

  @Test func addsSpecialNumbers() throws {
    let result = try run(
      operation,
      [
        TestTensor([0, 0, 1, 2, 2, 3] as [Int32], [6, 1]),
        TestTensor([.infinity, -.infinity, -0.0, .nan, 1, 3e38] as [Float]), TestTensor([5] as [Int32]),
      ], outputs: [(.float32, .none)])[0].floats
    #expect(result[0].isNaN && result[2].isNaN)
    // Zero plus minus zero is zero.
    #expect(result[1].bitPattern == 0 && result[3] == 3e38 && result[4].bitPattern == 0)
  }

  @Test(arguments: [ElementType.int32, .int64]) func refusesIndicesOutside(_ element: ElementType) throws {
    let limits = try #require(element.integerLimits)
    let update = try TestTensor([1, 1] as [Float])
    let shape = try TestTensor(integers: [3, 2], as: element)
    for bad in [-1, 3, limits.lowerBound, limits.upperBound] {
      for pair in [[0, 0, bad, 1], [bad, 0, 0, 0]] {
        expectRejection(
          .invalidValue, of: operation, [try TestTensor(integers: pair, [2, 2], as: element), update, shape],
          outputs: [(.float32, .none)], "\(pair)")
      }
    }
  }

  @Test func refusesShapes() throws {
    let inputs = [
      try TestTensor(zeros: .int32, [2, 1]), try TestTensor(zeros: .float32, [2, 3]),
      try TestTensor([4, 3] as [Int32]),
    ]
    let outputs = [(ElementType.float32, Quantization.none)]
    let huge = Int(Int32.max)
    try expectRejectedValues(
      operation, inputs, operand: 2, [[4, 2], [-4, 3], [4, -3], [3], [4, 3, 1], [], [huge, huge]], outputs: outputs)
    for dimensions in [[], [2], [1, 1], [2, 3], [2, 0], [2, 1, 1]] {
      let indices = try TestTensor(zeros: .int32, dimensions)
      expectRejection(.malformed, of: operation, [indices] + inputs[1...], outputs: outputs, "\(dimensions)")
    }
    let wide = try TestTensor([Int64.max, 3]).constant
    expectRejection(.malformed, of: operation, [inputs[0], inputs[1], wide], outputs: outputs)
  }

  @Test func refusesOtherOperands() throws {
    let inputs = [
      try TestTensor(zeros: .int32, [2, 1]), try TestTensor(zeros: .float32, [2]), try TestTensor([4] as [Int32]),
    ]
    try expectOnly(Self.types, for: operation, inputs, changing: [1])
    try expectOnly([.float32], for: operation, inputs, changing: [1], output: .float32)
    for index in [0, 2] {
      try expectOnly([.int32, .int64], for: operation, inputs, changing: [index], output: .float32)
    }
    expectOperandCounts(operation, inputs, outputs: [(.float32, .none)])
  }
}
