import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct CumsumTests {
  private func operation(exclusive: Bool = false, reverse: Bool = false) throws -> Cumsum {
    try Cumsum(options: .table([0: .bool(exclusive), 1: .bool(reverse)]))
  }

  /// Adds from the start of the definition's order up to each place, anew for every element.
  private func oracle(_ x: Grid<Int>, axis: Int, exclusive: Bool, reverse: Bool) -> [Int] {
    Grid(x.dimensions) { place in
      let size = x.dimensions[axis]
      let order = reverse ? Array((0..<size).reversed()) : Array(0..<size)
      var sum = 0
      for index in order {
        var from = place
        from[axis] = index
        if index == place[axis] { return exclusive ? sum : sum &+ x[from] }
        sum &+= x[from]
      }
      return sum
    }.values
  }

  @Test(arguments: [false, true], [false, true]) func sums(_ exclusive: Bool, _ reverse: Bool) throws {
    var generator = SeededGenerator(seed: 41)
    let operation = try operation(exclusive: exclusive, reverse: reverse)
    for dimensions in Sizes.lengths.map({ [$0] }) + Sizes.shapes + [[600, 29]] where !dimensions.isEmpty {
      let x = Grid(dimensions, values: generator.integers(dimensions.reduce(1, *), in: -99...99))
      for axis in -dimensions.count..<dimensions.count where dimensions[0] < 600 || axis == -1 {
        let expected = oracle(
          x, axis: axis < 0 ? axis + dimensions.count : axis, exclusive: exclusive, reverse: reverse)
        for element in [ElementType.float32, .int32, .int64] {
          let place = try TestTensor([Int32(axis)], axis % 2 == 0 ? [] : [1])
          let result = try run(
            operation, [TestTensor(integers: x.values, dimensions, as: element), axis < 0 ? place.constant : place],
            outputs: [(element, .none)], threads: Sizes.threads(x.values.count))[0]
          #expect(result.type.shape.dimensions == dimensions)
          if result.numbers != expected.map({ Double($0) }) { Issue.record("\(dimensions) along \(axis)") }
        }
      }
    }
  }

  @Test(arguments: [ElementType.int32, .int64]) func wraps(_ element: ElementType) throws {
    let limits = try #require(element.integerLimits)
    let x = try TestTensor(integers: [limits.upperBound, 1, limits.upperBound, 2], as: element)
    let result = try run(operation(), [x, vector([0])], outputs: [(element, .none)])[0]
    #expect(result.integers == [limits.upperBound, limits.lowerBound, -1, 1])
  }

  /// Whatever follows a NaN in the order of the sum is NaN, and nothing before it.
  @Test func carriesInfinitiesAndNaN() throws {
    let x = try TestTensor([1, .infinity, 2, -.infinity, 3, .nan, 4] as [Float])
    let forward = try run(operation(), [x, vector([0])], outputs: [(.float32, .none)])[0].floats
    expectClose(forward, [1, .infinity, .infinity, .nan, .nan, .nan, .nan])
    let back = try run(operation(exclusive: true, reverse: true), [x, vector([0])], outputs: [(.float32, .none)])[0]
    expectClose(back.floats, [.nan, .nan, .nan, .nan, .nan, 4, 0])
  }

  @Test(arguments: [2, -3, Int(Int32.max), Int(Int32.min)]) func refusesAxes(_ axis: Int) throws {
    for constant in [true, false] {
      expectRejection(
        of: try operation(), [try TestTensor(zeros: .float32, [1, 2]), try vector([axis], constant: constant)],
        outputs: [(.float32, .none)])
    }
  }

  @Test func refusesOtherOperands() throws {
    let inputs = [try TestTensor(zeros: .float32, [2]), try vector([0])]
    try expectOnly([.float32, .int32, .int64], for: operation(), inputs)
    try expectOnly([.int32], for: operation(), inputs, changing: [1], output: .float32)
    try expectOperandCounts(operation(), inputs, outputs: [(.float32, .none)])
    expectRejection(.malformed, of: try operation(), inputs, outputs: [(.int32, .none)])
    for axes in [[], [0, 0]] {
      expectRejection(.malformed, of: try operation(), [inputs[0], try vector(axes)], outputs: [(.float32, .none)])
    }
    let scalar = try TestTensor(zeros: .float32, [])
    expectRejection(.malformed, of: try operation(), [scalar, inputs[1]], outputs: [(.float32, .none)])
  }
}
