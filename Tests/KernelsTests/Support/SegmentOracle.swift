import KernelTestSupport
import Kernels
import TensorTypes
import Testing

/// What the operators `UNSORTED_SEGMENT_*` are checked against: the elements of each segment, gathered and folded.
struct SegmentOracle {
  let operation: any Operator
  let floats: (initial: Float, fold: (Float, Float) -> Float)
  let integers: (initial: Int32, fold: (Int32, Int32) -> Int32)

  private func expected<T>(
    _ x: [T], _ segments: [Int32], _ count: Int, _ length: Int, _ function: (initial: T, fold: (T, T) -> T)
  ) -> [T] {
    (0..<count * length).map { place in
      let slices = segments.indices.filter { segments[$0] == Int32(place / length) }
      return slices.map { x[$0 * length + place % length] }.reduce(function.initial, function.fold)
    }
  }

  /// Checks data `segments.shape + rest` against the definition.
  func check(_ segmentShape: [Int], _ rest: [Int], count: Int32) throws {
    var generator = SeededGenerator(seed: UInt64(count) + 9)
    let slices = segmentShape.reduce(1, *)
    let length = rest.reduce(1, *)
    let segments: [Int32] =
      count == 0 ? [Int32](repeating: -1, count: slices) : generator.integers(slices, in: -1...count - 1)
    let named = try TestTensor(segments, segmentShape)
    for number in [try TestTensor([count]).constant, try TestTensor([count], [])] {
      let x = generator.floats(slices * length, in: -3...3)
      let result = try run(
        operation, [TestTensor(x, segmentShape + rest), named, number], outputs: [(.float32, .none)], threads: 2)
      #expect(result[0].type.shape.dimensions == [Int(count)] + rest)
      #expect(result[0].floats == expected(x, segments, Int(count), length, floats))
      let n: [Int32] = generator.integers(slices * length, in: Int32.min...Int32.max)
      let whole = try run(
        operation, [TestTensor(n, segmentShape + rest), named.constant, number], outputs: [(.int32, .none)])
      #expect(whole[0].values() == expected(n, segments, Int(count), length, integers))
    }
  }

  func checkAll() throws {
    for length in [1, 3, 4, 5, 11, 67] { try check([7], [length], count: 4) }
    try check([5], [], count: 3)
    try check([2, 3], [4], count: 5)
    try check([2, 3], [], count: 2)
    try check([], [3], count: 2)
    try check([0], [3], count: 2)
    try check([3], [0], count: 2)
    try check([3], [2], count: 0)
  }

  func checkRefusals() throws {
    let x = try TestTensor([1, 2, 3, 4] as [Float], [2, 2])
    let two = try TestTensor([2] as [Int32])
    let bad: [[TestTensor?]] = [
      [x, try TestTensor([0, 2] as [Int32]), two],
      [x, try TestTensor([0, 1, 1] as [Int32]), two],
      [x, try TestTensor([0, 1] as [Int64]), two],
      [x, try TestTensor([0, 1] as [Int32]), try TestTensor([-1] as [Int32])],
      [x, try TestTensor([0, 1] as [Int32]), try TestTensor([2, 2] as [Int32])],
      [x, try TestTensor([0, 1] as [Int32]), try TestTensor([2] as [Int64])],
      [x, try TestTensor([0, 1] as [Int32]), nil],
      [x, try TestTensor([0, 1] as [Int32])],
    ]
    for inputs in bad {
      #expect(throws: OperatorError.self) { try run(operation, inputs, outputs: [(.float32, .none)]) }
    }
    #expect(throws: OperatorError.self) {
      try run(
        operation, [TestTensor([1, 2] as [Int64]), TestTensor([0, 1] as [Int32]), two], outputs: [(.int64, .none)])
    }
  }

  /// One segment of these floats.
  func reduce(_ x: [Float]) throws -> Float {
    let segments = [Int32](repeating: 0, count: x.count)
    return try run(
      operation, [TestTensor(x), TestTensor(segments), TestTensor([1] as [Int32])], outputs: [(.float32, .none)])[0]
      .floats[0]
  }
}
