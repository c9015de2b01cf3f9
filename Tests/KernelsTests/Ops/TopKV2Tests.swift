import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct TopKV2Tests {
  private let operation = TopKV2(options: .defaults)
  static let types: [ElementType] = [.float32, .int8, .uint8, .int16, .int32, .int64]

  private func outputs(_ element: ElementType, _ indices: ElementType = .int32) -> [(ElementType, Quantization)] {
    [(element, .usual(for: element)), (indices, .none)]
  }

  private func check(
    _ input: TestTensor, k: Int, count: ElementType = .int32, indices: ElementType = .int32, threads: Int = 1
  ) throws {
    let values = input.type.element == .int64 ? [] : input.numbers
    let integers = input.integers
    let width = try #require(input.type.shape.last)
    let rows = width == 0 ? 0 : input.type.shape.elementCount / width
    let order = (0..<rows).flatMap { row -> [Int] in
      let places = row * width..<(row + 1) * width
      // Sorting is not stable by definition, so ties are decided here.
      let sorted = places.sorted { a, b in
        let isEqual = values.isEmpty ? integers[a] == integers[b] : values[a] == values[b]
        return isEqual ? a < b : values.isEmpty ? integers[a] > integers[b] : values[a] > values[b]
      }
      return Array(sorted.prefix(k))
    }
    let result = try run(
      operation, [input, TestTensor(integers: [k], [], as: count)], outputs: outputs(input.type.element, indices),
      threads: threads)
    #expect(result[0].type.shape.dimensions == input.type.shape.dimensions.dropLast() + [k])
    #expect(result[1].type.shape == result[0].type.shape)
    #expect(result[1].integers == order.map { width == 0 ? 0 : $0 % width })
    let stride = input.type.element.bitWidth / 8
    #expect(result[0].bytes == order.flatMap { input.bytes[$0 * stride..<($0 + 1) * stride] })
  }

  @Test(arguments: types, [[1], [33], [3, 17], [0, 4], [2, 3, 8], [1, 2, 1, 2, 1, 2, 1, 5]])
  func findsTheGreatest(_ element: ElementType, _ dimensions: [Int]) throws {
    var generator = SeededGenerator(seed: 6)
    let width = dimensions.last ?? 0
    for k in Set([0, 1, 2, width / 2, width - 1, width]) where k <= width {
      // Few different values, so that many are equal.
      let few = generator.integers(dimensions.reduce(1, *), in: 0...20)
      try check(try TestTensor(integers: few, dimensions, as: element), k: k, threads: 2)
    }
  }

  @Test(arguments: types) func orders(_ element: ElementType) throws {
    if let limits = element.integerLimits {
      let ends = [limits.lowerBound, limits.upperBound, limits.lowerBound + 1, 0, limits.upperBound - 1, 1]
      for k in 0...6 { try check(try TestTensor(integers: ends, as: element), k: k) }
    } else {
      let x: [Float] = [0, -.infinity, .infinity, .leastNonzeroMagnitude, -1, .greatestFiniteMagnitude]
      for k in 0...6 { try check(try TestTensor(x), k: k) }
    }
  }

  /// Minus zero equals zero, so the first of them comes first.
  @Test func treatsBothZerosAlike() throws {
    let result = try run(
      operation, [TestTensor([-0.0, 0, -0.0] as [Float]), TestTensor([3] as [Int32], [])], outputs: outputs(.float32))
    #expect(result[1].integers == [0, 1, 2])
  }

  /// NaN has no place in the order; the result is still made of different elements of the row.
  @Test(arguments: 1...9) func survivesNaN(_ k: Int) throws {
    let x: [Float] = [3, .nan, 1, .nan, .nan, 7, -.infinity, .nan, 2]
    let result = try run(
      operation, [TestTensor(x), TestTensor([Int32(k)], [])], outputs: outputs(.float32))
    let indices = result[1].integers
    #expect(Set(indices).count == k && indices.allSatisfy { $0 >= 0 && $0 < 9 })
    #expect(zip(result[0].floats, indices).allSatisfy { $0.bitPattern == x[$1].bitPattern })
  }

  @Test(arguments: [ElementType.int32, .int16], [ElementType.int32, .int16])
  func takesShortCountsAndIndices(_ count: ElementType, _ indices: ElementType) throws {
    let input = try TestTensor((0..<35).map { Float($0 * 16 % 35) }, [1, 35])
    try check(input, k: 9, count: count, indices: indices)
    let long = try TestTensor((0..<6000).map { Int32($0 * 7 % 4001) }, [3, 2000])
    try check(long, k: 50, count: count, indices: indices, threads: 3)
  }

  @Test func refusesCounts() throws {
    let inputs = [try TestTensor(zeros: .int32, [2, 4]), try TestTensor([1] as [Int32], [])]
    try expectRejectedValues(
      operation, inputs, operand: 1, [[-1], [5], [Int(Int32.max)], [Int(Int32.min)], [], [1, 1]],
      outputs: outputs(.int32))
    expectRejection(
      .malformed, of: operation, [try TestTensor(zeros: .int32, []), inputs[1]], outputs: outputs(.int32))
  }

  @Test func refusesOtherOperands() throws {
    let inputs = [try TestTensor(zeros: .float32, [4]), try TestTensor([1] as [Int32], [])]
    for element in ElementType.allCases {
      let other = try TestTensor(zeros: element, [4])
      if !Self.types.contains(element) {
        expectRejection(of: operation, [other, inputs[1]], outputs: outputs(element), "\(element)")
      }
      if element != .float32 {
        expectRejection(.malformed, of: operation, [other, inputs[1]], outputs: outputs(.float32), "\(element)")
      }
      if element != .int32 && element != .int16 {
        let count = try TestTensor(zeros: element, [])
        expectRejection(of: operation, [inputs[0], count], outputs: outputs(.float32), "\(element) count")
        expectRejection(.malformed, of: operation, inputs, outputs: outputs(.float32, element), "\(element) indices")
      }
    }
    expectOperandCounts(operation, inputs, outputs: outputs(.float32))
  }
}
