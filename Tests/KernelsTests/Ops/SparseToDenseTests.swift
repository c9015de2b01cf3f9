import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct SparseToDenseTests {
  private func scatter<I: FixedWidthInteger & BitwiseCopyable, T: BitwiseCopyable>(
    _ indices: [I], _ indexShape: [Int], shape: [I], values: [T], isScalar: Bool = false, other: T
  ) throws -> TestTensor {
    let values = try TestTensor(values, isScalar ? [] : nil)
    return try run(
      SparseToDense(options: .defaults),
      [TestTensor(indices, indexShape), TestTensor(shape), values, TestTensor([other], [])],
      outputs: [(values.type.element, .none)])[0]
  }

  @Test(arguments: [[3], [2, 3], [2, 3, 2], [2, 1, 3, 2]]) func placesValues(dimensions: [Int]) throws {
    var generator = SeededGenerator(seed: 4)
    let rank = dimensions.count
    for count in [0, 1, 3, 5] {
      let places = (0..<count).map { _ in dimensions.map { Int.random(in: 0..<$0, using: &generator) } }
      func check<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type) throws {
        let values = (0..<count).map { T(truncatingIfNeeded: $0 + 1) }
        var expected = Grid(dimensions) { _ in T(7) }
        for (place, value) in zip(places, values) {
          expected = Grid(dimensions) { $0 == place ? value : expected[$0] }
        }
        let narrow = try scatter(
          places.flatMap { $0.map { Int32($0) } }, [count, rank], shape: dimensions.map { Int32($0) }, values: values,
          other: 7)
        #expect(narrow.values() == expected.values)
        #expect(narrow.type.shape.dimensions == dimensions)
        let wide = try scatter(
          places.flatMap { $0.map { Int64($0) } }, [count, rank], shape: dimensions.map { Int64($0) }, values: values,
          other: 7)
        #expect(wide.values() == expected.values)
      }
      try check(Int8.self)
      try check(UInt8.self)
      try check(Int32.self)
      try check(Int64.self)
    }
  }

  @Test func oneValueForAll() throws {
    let result = try scatter([0, 2] as [Int32], [2], shape: [4], values: [Float.nan], isScalar: true, other: -0.0)
    expectClose(result.floats, [.nan, 0, .nan, 0])
    #expect(result.floats[1].sign == .minus)
    let scalar = try scatter([1] as [Int64], [], shape: [2], values: [5] as [Int32], other: 0)
    #expect(scalar.values(Int32.self) == [0, 5])
  }

  @Test func takesEmptyOutputs() throws {
    #expect(
      try scatter([Int32](), [0, 2], shape: [0, 3], values: [Float](), other: 1).type.shape.dimensions == [0, 3])
  }

  @Test func refusesWhatDoesNotFit() throws {
    let bad: [([Int32], [Int], [Int32], [Float])] = [
      ([3], [1], [3], [1]), ([-1], [1], [3], [1]), ([0, 3], [1, 2], [2, 3], [1]), ([0], [1], [-3], [1]),
      ([0], [1], [2, 3], [1]), ([0, 1], [1, 2], [3], [1]), ([0], [1], [3], [1, 2]), ([0], [1, 1, 1], [3], [1]),
      ([0, 0, 0, 0, 0], [1, 5], [2, 2, 2, 2, 2], [1]),
      ([0, 0, 0, 0], [1, 4], [Int32.max, .max, .max, .max], [1]),
    ]
    for (indices, indexShape, shape, values) in bad {
      #expect(throws: OperatorError.self) {
        try scatter(indices, indexShape, shape: shape, values: values, other: 0)
      }
    }
    #expect(throws: OperatorError.self) {
      try scatter([0] as [Int32], [1], shape: [2], values: [1] as [Int16], other: 0)
    }
  }
}
