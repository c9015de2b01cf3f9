import KernelTestSupport
import Kernels
import TensorTypes
import Testing

/// What `ARG_MAX` and `ARG_MIN` have in common.
struct ArgumentChecks {
  /// The operator, for indices of a type.
  let make: @Sendable (OperatorOptions) throws -> any Operator
  /// Whether the first number is to be preferred to the second; the same for numbers that are equal.
  let isBetter: @Sendable (Double, Double) -> Bool

  static let types: [ElementType] = [.float32, .int8, .uint8, .int16, .int32, .bool]

  func operation(_ indices: ElementType = .int32) throws -> any Operator {
    try make(.table([0: .int8(Int8(indices.rawValue))]))
  }

  /// The first best place along the axis, over all shapes and axes, with few values so that many are equal.
  func findsTheFirst(_ element: ElementType, _ indices: ElementType, sourceLocation: SourceLocation = #_sourceLocation)
    throws
  {
    var generator = SeededGenerator(seed: 51)
    let lengths = Sizes.lengths.map { $0 % 2 == 0 ? [$0, 3] : [2, $0] }
    let long = element == .float32 ? [[33, 611], [611, 33]] : []
    for dimensions in lengths + Sizes.shapes + long where !dimensions.isEmpty {
      let range = element == .bool ? 0...1 : element == .uint8 ? 0...7 : -4...4
      let x = Grid(dimensions, values: generator.integers(dimensions.reduce(1, *), in: range))
      let input = try TestTensor(integers: x.values, dimensions, as: element, quantization: .usual(for: element))
      for axis in dimensions.indices where dimensions[axis] > 0 {
        var kept = dimensions
        kept.remove(at: axis)
        let expected = Grid(kept) { place in
          func value(_ index: Int) -> Double { Double(x[Array(place[..<axis]) + [index] + place[axis...]]) }
          return (1..<dimensions[axis]).reduce(0) { isBetter(value($1), value($0)) ? $1 : $0 }
        }
        let place = try TestTensor(integers: [axis % 2 == 0 ? axis : axis - dimensions.count], as: indices)
        let result = try run(
          operation(indices), [input, axis == 0 ? place : place.constant], outputs: [(indices, .none)],
          threads: Sizes.threads(x.values.count),
          sourceLocation: sourceLocation)[0]
        #expect(result.type.shape.dimensions == kept, sourceLocation: sourceLocation)
        if result.integers != expected.values {
          Issue.record("\(dimensions) along \(axis)", sourceLocation: sourceLocation)
        }
      }
    }
  }

  /// The index of the best of a vector, and of each column where the vector is one of two.
  func best(_ x: TestTensor, sourceLocation: SourceLocation = #_sourceLocation) throws -> Int {
    let result = try run(operation(), [x, vector([0])], outputs: [(.int32, .none)], sourceLocation: sourceLocation)
    let count = x.type.shape.elementCount
    var columns = x
    columns.type = TensorType(
      element: x.type.element, shape: try #require(Shape([count, 1, 1])), quantization: x.type.quantization)
    let again = try run(
      operation(), [columns, vector([-3])], outputs: [(.int32, .none)], sourceLocation: sourceLocation)
    #expect(again[0].integers == result[0].integers, sourceLocation: sourceLocation)
    return result[0].integers[0]
  }

  func refusesAxes(sourceLocation: SourceLocation = #_sourceLocation) throws {
    for (dimensions, axes) in [
      ([2, 3], [2]), ([2, 3], [-3]), ([2, 3], [Int(Int32.max)]), ([2, 3], [Int(Int32.min)]), ([2, 3], []),
      ([2, 3], [0, 1]), ([], [0]), ([2, 0], [1]), ([0], [0]),
    ] as [([Int], [Int])] {
      for constant in [true, false] {
        expectRejection(
          .malformed, of: try operation(),
          [try TestTensor(zeros: .float32, dimensions), try vector(axes, constant: constant)],
          outputs: [(.int32, .none)], "\(axes) of \(dimensions)", sourceLocation: sourceLocation)
      }
    }
  }

  func refusesOtherOperands(sourceLocation: SourceLocation = #_sourceLocation) throws {
    let inputs = [try TestTensor(zeros: .float32, [2]), try vector([0])]
    try expectOnly(Self.types, for: operation(), inputs, output: .int32, sourceLocation: sourceLocation)
    try expectOnly(
      [.int32, .int64], for: operation(), inputs, changing: [1], output: .int32, sourceLocation: sourceLocation)
    try expectOperandCounts(operation(), inputs, outputs: [(.int32, .none)], sourceLocation: sourceLocation)
    for element in ElementType.allCases where element != .int32 && element != .int64 {
      expectRejection(
        of: try operation(element), inputs, outputs: [(element, .none)], "\(element) indices",
        sourceLocation: sourceLocation)
    }
    expectRejection(
      of: try make(.table([0: .int8(99)])), inputs, outputs: [(.int32, .none)], sourceLocation: sourceLocation)
  }
}
