import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct ResizeBilinearTests {
  private static func operation(corners: Bool, centers: Bool) throws -> ResizeBilinear {
    try ResizeBilinear(options: .table([2: .bool(corners), 3: .bool(centers)]))
  }

  /// Where a position of the result lies among the input's pixels.
  private func place(_ index: Int, _ input: Int, _ output: Int, corners: Bool, centers: Bool) -> Double {
    let scale = corners && output > 1 ? Double(input - 1) / Double(output - 1) : Double(input) / Double(output)
    let position = centers ? (Double(index) + 0.5) * scale - 0.5 : Double(index) * scale
    return min(max(position, 0), Double(input - 1))
  }

  /// The mix of the four pixels around each position, in double precision.
  private func resized(_ input: Grid<Double>, _ size: [Int], corners: Bool, centers: Bool) -> [Double] {
    let shape = input.dimensions
    return Grid<Double>.coordinates([shape[0], size[0], size[1], shape[3]]).map { at in
      let y = place(at[1], shape[1], size[0], corners: corners, centers: centers)
      let x = place(at[2], shape[2], size[1], corners: corners, centers: centers)
      var sum = 0.0
      for row in 0..<shape[1] {
        for column in 0..<shape[2] {
          // A pixel counts by its nearness, down to nothing one pixel away.
          let weight = max(0, 1 - abs(y - Double(row))) * max(0, 1 - abs(x - Double(column)))
          if weight > 0 { sum += weight * input[[at[0], row, column, at[3]]] }
        }
      }
      return sum
    }
  }

  static let cases: [([Int], [Int])] =
    Sizes.lengths.map { ([1, 2, 3, $0], [3, 4]) } + [
      ([2, 3, 5, 2], [3, 5]), ([2, 3, 5, 2], [6, 10]), ([2, 4, 6, 3], [2, 3]), ([1, 7, 9, 1], [4, 13]),
      ([1, 1, 1, 3], [5, 6]), ([1, 6, 6, 2], [1, 1]), ([0, 2, 2, 1], [4, 4]), ([1, 8, 6, 8], [20, 18]),
    ]

  @Test(arguments: cases, [(false, false), (true, false), (false, true)])
  func mixesFourPixels(_ sizes: ([Int], [Int]), _ flags: (Bool, Bool)) throws {
    var generator = SeededGenerator(seed: 75)
    let (dimensions, size) = sizes
    // Bytes are mixed in single precision, signed integers with positions of ten fractional bits.
    for (element, tolerance) in [(ElementType.float32, 1e-5), (.uint8, 0.51), (.int8, 2.5), (.int16, 700)] {
      let count = dimensions.reduce(1, *)
      let input =
        try element == .float32
        ? TestTensor(generator.floats(count, in: -1...1), dimensions)
        : TestTensor(
          integers: generator.integers(count, in: try #require(element.integerLimits)), dimensions, as: element)
      let operation = try Self.operation(corners: flags.0, centers: flags.1)
      let expected = resized(Grid(dimensions, values: input.numbers), size, corners: flags.0, centers: flags.1)
      for last in [try TestTensor(integers: size, as: .int32), try TestTensor(integers: size, as: .int32).constant] {
        let result = try run(operation, [input, last], outputs: [(element, .none)], threads: count > 300 ? 3 : 1)[0]
        #expect(result.type.shape.dimensions == [dimensions[0], size[0], size[1], dimensions[3]])
        let isNear = zip(result.numbers, expected).allSatisfy { abs($0 - $1) <= tolerance }
        #expect(isNear, "\(element)")
      }
    }
  }

  /// Between equal pixels there is nothing to mix; the ends of the type stay.
  @Test(arguments: [ElementType.uint8, .int8, .int16]) func keepsTheEnds(_ element: ElementType) throws {
    let limits = try #require(element.integerLimits)
    for end in [limits.lowerBound, limits.upperBound] {
      for flags in [(false, false), (true, false), (false, true)] {
        let result = try run(
          Self.operation(corners: flags.0, centers: flags.1),
          [
            TestTensor(integers: [Int](repeating: end, count: 12), [1, 3, 4, 1], as: element),
            TestTensor([7, 5] as [Int32]),
          ],
          outputs: [(element, .none)])[0]
        #expect(result.integers == [Int](repeating: end, count: 35))
      }
    }
  }

  /// Halfway between two integers, rounding goes away from zero.
  @Test func roundsHalvesAwayFromZero() throws {
    let size = try TestTensor([1, 4] as [Int32])
    for (element, pixels, expected) in [
      (ElementType.int8, [1, 2], [1, 2, 2, 2]), (.int8, [-1, -2], [-1, -2, -2, -2]),
      (.int16, [-1, -2], [-1, -2, -2, -2]),
      (.uint8, [1, 2], [1, 2, 2, 2]),
    ] {
      let result = try run(
        Self.operation(corners: false, centers: false),
        [TestTensor(integers: pixels, [1, 1, 2, 1], as: element), size],
        outputs: [(element, .none)])[0]
      #expect(result.integers == expected)
    }
  }

  /// NaN and infinities spoil the results that they are mixed into, even with weight 0, and no others.
  @Test func takesInfinitiesAndNaN() throws {
    let x: [Float] = [.nan, 1, 2, .infinity]
    let result = try run(
      Self.operation(corners: false, centers: false), [TestTensor(x, [1, 1, 4, 1]), TestTensor([1, 8] as [Int32])],
      outputs: [(.float32, .none)])[0].floats
    #expect(result[1].isNaN && result[2...4] == [1, 1.5, 2])
    #expect(!result[5].isFinite && !result[7].isFinite)
  }

  @Test func refusesOptionsThatExcludeEachOther() {
    #expect(throws: OperatorError.self) { try Self.operation(corners: true, centers: true) }
  }

  @Test func refusesOtherOperands() throws {
    try ResizingChecks.expectRejections(
      try Self.operation(corners: false, centers: false), supported: [.float32, .int8, .uint8, .int16])
  }
}
