import KernelTestSupport
import Kernels
import TensorTypes
import Testing

/// Reductions against loops over coordinates in `Double` or exact integers.
@Suite struct ReductionTests {
  static let cases: [([Int], [Int], Bool)] = [
    ([7], [0], false), ([3, 5], [1], false), ([3, 5], [0], true), ([2, 7, 9, 17], [1, 2], true),
    ([2, 3, 4, 5], [1, 3], false),
    ([2, 3, 4, 5], [-1, 0], false), ([3, 2, 35], [1], false), ([2, 3], [0, 1, -1], true), ([4, 0], [1], false),
    ([3], [], false),
    ([5, 2100], [0], false),
  ]

  /// Folds each result's elements in order.
  private func fold<T, A>(
    _ dimensions: [Int], _ values: [T], _ axes: [Int], keep: Bool, _ start: A, _ body: (A, T) -> A
  ) -> (dimensions: [Int], values: [A], count: Int) {
    let folded = Set(axes.map { $0 < 0 ? $0 + dimensions.count : $0 })
    let kept = dimensions.indices.map { folded.contains($0) ? 1 : dimensions[$0] }
    var results = [A](repeating: start, count: kept.reduce(1, *))
    for (place, value) in zip(Grid<T>.coordinates(dimensions), values) {
      var index = 0
      for axis in dimensions.indices where !folded.contains(axis) { index = index * dimensions[axis] + place[axis] }
      results[index] = body(results[index], value)
    }
    return (
      keep ? kept : dimensions.indices.filter { !folded.contains($0) }.map { dimensions[$0] }, results,
      folded.reduce(1) { $0 * dimensions[$1] }
    )
  }

  private func axes(_ values: [Int]) throws -> TestTensor { try TestTensor(values.map(Int32.init)).constant }

  @Test(arguments: cases) func floats(_ dimensions: [Int], _ folded: [Int], _ keep: Bool) throws {
    var generator = SeededGenerator(seed: 3)
    let x = generator.floats(dimensions.reduce(1, *), in: -2...3)
    let options = try OperatorOptions.table([0: .bool(keep)])
    let sums = fold(dimensions, x, folded, keep: keep, 0.0) { $0 + Double($1) }
    for threads in [1, 2] {
      let input = [try TestTensor(x, dimensions), try axes(folded)]
      let mean = try run(Mean(options: options), input, outputs: [(.float32, .none)], threads: threads)[0]
      #expect(mean.type.shape.dimensions == sums.dimensions)
      expectClose(mean.floats, sums.values.map { Float($0 / Double(sums.count)) }, tolerance: 1e-5)
      let sum = try run(Sum(options: options), input, outputs: [(.float32, .none)], threads: threads)[0]
      expectClose(sum.floats, sums.values.map { Float($0) }, tolerance: 1e-5)
      let peak = try run(ReduceMax(options: options), input, outputs: [(.float32, .none)], threads: threads)[0]
      let peaks = fold(dimensions, x, folded, keep: keep, -Float.greatestFiniteMagnitude) { max($0, $1) }
      #expect(peak.floats == peaks.values)
    }
  }

  @Test(arguments: cases) func integers(_ dimensions: [Int], _ folded: [Int], _ keep: Bool) throws {
    var generator = SeededGenerator(seed: 4)
    let x: [Int32] = generator.integers(dimensions.reduce(1, *), in: Int32.min...Int32.max)
    let options = try OperatorOptions.table([0: .bool(keep)])
    let input = [try TestTensor(x, dimensions), try axes(folded)]
    #expect(
      try run(Sum(options: options), input, outputs: [(.int32, .none)])[0].values(Int32.self)
        == fold(dimensions, x, folded, keep: keep, 0) { $0 &+ $1 }.values)
    #expect(
      try run(ReduceProd(options: options), input, outputs: [(.int32, .none)])[0].values(Int32.self)
        == fold(dimensions, x, folded, keep: keep, 1) { $0 &* $1 }.values)
    #expect(
      try run(ReduceMin(options: options), input, outputs: [(.int32, .none)])[0].values(Int32.self)
        == fold(dimensions, x, folded, keep: keep, Int32.max) { min($0, $1) }.values)
  }

  @Test(arguments: cases) func quantised(_ dimensions: [Int], _ folded: [Int], _ keep: Bool) throws {
    guard !dimensions.contains(0) else { return }
    var generator = SeededGenerator(seed: 5)
    let x: [Int8] = generator.integers(dimensions.reduce(1, *), in: -128...127)
    let input = Quantization.perTensor(scale: 0.25, zeroPoint: -3)
    let output = Quantization.perTensor(scale: 0.125, zeroPoint: 5)
    let options = try OperatorOptions.table([0: .bool(keep)])
    let result = try run(
      Mean(options: options), [try TestTensor(x, dimensions, quantization: input), try axes(folded)],
      outputs: [(.int8, output)])[0]
    let sums = fold(dimensions, x, folded, keep: keep, 0.0) { $0 + Double($1) + 3 }
    let expected = sums.values.map { Int(min(max(($0 / Double(sums.count) * 2 + 5).rounded(), -128), 127)) }
    for (a, e) in zip(result.values(Int8.self), expected) { #expect(abs(Int(a) - e) <= 1) }
  }

  @Test func refusesAxes() throws {
    for axis in [2, -3, Int(Int32.max)] {
      #expect(throws: OperatorError.self) {
        try run(
          Mean(options: .defaults), [TestTensor([1, 2] as [Float], [1, 2]), axes([axis])], outputs: [(.float32, .none)])
      }
    }
  }

  @Test(arguments: [0, 1, 2, 5, 33]) func findsTheGreatest(k: Int) throws {
    var generator = SeededGenerator(seed: 6)
    let x: [Int32] = generator.integers(3 * 33, in: 0...20)
    let result = try run(
      TopKV2(options: .defaults), [try TestTensor(x, [3, 33]), try TestTensor([Int32(k)], []).constant],
      outputs: [(.int32, .none), (.int32, .none)])
    var indices: [Int32] = []
    for row in 0..<3 {
      let order = (0..<33).sorted { (x[row * 33 + $0], -$0) > (x[row * 33 + $1], -$1) }
      indices += order.prefix(k).map(Int32.init)
    }
    #expect(result[1].values(Int32.self) == indices)
    #expect(throws: OperatorError.self) {
      try run(
        TopKV2(options: .defaults), [TestTensor(x, [3, 33]), TestTensor([34] as [Int32], []).constant],
        outputs: [(.int32, .none), (.int32, .none)])
    }
  }

  @Test func findsWhatIsNotZero() throws {
    let result = try run(
      Where(options: .defaults), [try TestTensor([0, 2, -0.0, .nan] as [Float], [2, 2])], outputs: [(.int64, .none)])[0]
    #expect(result.type.shape.dimensions == [2, 2])
    #expect(result.values(Int64.self) == [0, 1, 1, 1])
  }
}
