import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct ConcatenationTests {
  private func operation(axis: Int, activation: Int8 = 0) throws -> Concatenation {
    try Concatenation(options: .table([0: .int32(Int32(clamping: axis)), 1: .int8(activation)]))
  }

  /// The parts one after the other along an axis.
  private func joined(_ parts: [Grid<Int>], axis: Int) -> Grid<Int> {
    var dimensions = parts[0].dimensions
    dimensions[axis] = parts.reduce(0) { $0 + $1.dimensions[axis] }
    return Grid(dimensions) { coordinates in
      var from = coordinates
      for part in parts {
        if from[axis] < part.dimensions[axis] { return part[from] }
        from[axis] -= part.dimensions[axis]
      }
      return -1
    }
  }

  private func parts(_ dimensions: [Int], axis: Int, _ sizes: [Int]) -> [Grid<Int>] {
    sizes.enumerated().map { index, size in
      var own = dimensions
      own[axis] = size
      return .numbered(own, from: 40 * index)
    }
  }

  @Test(
    arguments: [[3], [3, 2, 5], [2, 3, 2, 5], [2, 1, 2, 1, 2, 1, 2, 2]] as [[Int]],
    [[2, 1, 3], [1], [0, 4], [1, 1, 0, 16]] as [[Int]])
  func joinsAlongEveryAxis(_ dimensions: [Int], _ sizes: [Int]) throws {
    for axis in dimensions.indices {
      let parts = parts(dimensions, axis: axis, sizes)
      let expected = joined(parts, axis: axis)
      for element in [ElementType.uint8, .float32, .int4, .int64] {
        // Parts of packed elements that end inside a byte are covered below.
        let inputs = try parts.map { try $0.tensor(element) }
        try expectMoved(operation(axis: axis), inputs, element, expected)
        try expectMoved(operation(axis: axis - dimensions.count), inputs, element, expected)
      }
    }
  }

  @Test(arguments: ElementType.movable) func joinsEveryType(_ element: ElementType) throws {
    for sizes in [[3, 5], [16, 17], [1, 2, 1, 3]] {
      let parts = parts([3, 0], axis: 1, sizes)
      try expectMoved(operation(axis: -1), parts.map { try $0.tensor(element) }, element, joined(parts, axis: 1))
    }
  }

  @Test func joinsManyAndLargeTensors() throws {
    let many = parts([1, 2], axis: 0, [Int](repeating: 1, count: 100))
    try expectMoved(operation(axis: 0), many.map { try $0.tensor(.int16) }, .int16, joined(many, axis: 0))
    let large = parts([70, 0], axis: 1, [300, 500])
    try expectMoved(operation(axis: 1), large.map { try $0.tensor(.uint8) }, .uint8, joined(large, axis: 1))
  }

  /// Bytes without sign change their scale to the output's.
  @Test(arguments: [(Float(0.5), 128), (0.1, 0), (3, 255), (0.02, 77)]) func requantisesBytes(
    _ scale: Float, _ zero: Int
  )
    throws
  {
    let output = AffineForm(.uint8, scale: 0.25, zeroPoint: 100)
    let input = AffineForm(.uint8, scale: scale, zeroPoint: zero)
    let x = input.everyInteger
    let result = try run(
      operation(axis: 1), [input.tensor(x, [2, 128]), output.tensor(x, [2, 128])], outputs: [output.output])[0]
    let rows = [0, 1].map { row in x[row * 128..<row * 128 + 128] }
    let expected = rows.flatMap { row in row.map(input.real) + row.map(output.real) }
    expectQuantized(result, output, expected, steps: 0.5001)
  }

  @Test func survivesExtremeScales() throws {
    try expectSurvivalOfExtremeScales(operation(axis: 0), .uint8, inputs: 2)
  }

  @Test(arguments: [ElementType.int8, .int16]) func refusesToRequantise(_ element: ElementType) throws {
    let output = AffineForm(element, scale: 0.5, zeroPoint: 0)
    for other in [AffineForm(element, scale: 0.25, zeroPoint: 0), AffineForm(element, scale: 0.5, zeroPoint: 1)] {
      expectRejection(
        .malformed, of: try operation(axis: 0), [try output.tensor([1]), try other.tensor([1])],
        outputs: [output.output])
    }
  }

  @Test func refusesShapesAndAxes() throws {
    let first = try TestTensor(zeros: .float32, [2, 3])
    for other in [[2, 4], [3, 3], [2, 3, 1], [2], []] as [[Int]] {
      let axis = other == [3, 3] ? 1 : 0
      expectRejection(
        .malformed, of: try operation(axis: axis), [first, try TestTensor(zeros: .float32, other)],
        outputs: [(.float32, .none)])
    }
    for axis in [2, -3, Int(Int32.max), Int(Int32.min)] {
      expectRejection(.malformed, of: try operation(axis: axis), [first, first], outputs: [(.float32, .none)])
    }
    let scalar = try TestTensor(zeros: .float32, [])
    expectRejection(.malformed, of: try operation(axis: 0), [scalar, scalar], outputs: [(.float32, .none)])
    // More elements than a shape can count, though there are none.
    let wide = try TestTensor(zeros: .float32, [0, Int(Int32.max)])
    expectRejection(.malformed, of: try operation(axis: 1), [wide, wide], outputs: [(.float32, .none)])
  }

  @Test func refusesOtherOperands() throws {
    let inputs = [try TestTensor(zeros: .float32, [2]), try TestTensor(zeros: .float32, [2])]
    try expectOnly(ElementType.movable, for: operation(axis: 0), inputs, changing: [0, 1])
    try expectOnly([.float32], for: operation(axis: 0), inputs, changing: [1], output: .float32)
    for index in 0..<2 {
      var operands: [TestTensor?] = inputs
      operands[index] = nil
      expectRejection(of: try operation(axis: 0), operands, outputs: [(.float32, .none)])
    }
    expectRejection(of: try operation(axis: 0), [], outputs: [(.float32, .none)])
    expectRejection(of: try operation(axis: 0), inputs, outputs: [])
    expectRejection(of: try operation(axis: 0), inputs, outputs: [(.int32, .none)])
    for activation: Int8 in [1, 2, 3, 4, 5, 6, -1] {
      expectRejection(of: try operation(axis: 0, activation: activation), inputs, outputs: [(.float32, .none)])
    }
  }
}
