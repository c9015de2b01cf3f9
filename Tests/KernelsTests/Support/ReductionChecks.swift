import KernelTestSupport
import Kernels
import TensorTypes
import Testing

/// A tensor's shape and the axes that a reduction folds.
struct ReductionCase: Sendable, CustomTestStringConvertible {
  let dimensions: [Int]
  let axes: [Int]
  let keep: Bool

  init(_ dimensions: [Int], _ axes: [Int], keep: Bool = false) {
    (self.dimensions, self.axes, self.keep) = (dimensions, axes, keep)
  }

  var testDescription: String { "\(dimensions) over \(axes)\(keep ? ", kept" : "")" }
  var count: Int { dimensions.reduce(1, *) }
  private var folded: Set<Int> { Set(axes.map { $0 < 0 ? $0 + dimensions.count : $0 }) }

  /// The shape of the result.
  var shape: [Int] {
    keep
      ? dimensions.indices.map { folded.contains($0) ? 1 : dimensions[$0] }
      : dimensions.indices.filter { !folded.contains($0) }.map { dimensions[$0] }
  }

  /// For each result the positions of its elements, in the input's order.
  var groups: [[Int]] {
    let kept = dimensions.indices.filter { !folded.contains($0) }
    var groups = [[Int]](repeating: [], count: kept.reduce(1) { $0 * dimensions[$1] })
    for (position, place) in Grid<Int>.coordinates(dimensions).enumerated() {
      groups[kept.reduce(0) { $0 * dimensions[$1] + place[$1] }].append(position)
    }
    return groups
  }

  /// Widths around that of a vector, folded and kept; every kind of axes; empty tensors; ranks 0 to 8; enough for several threads.
  static let all: [ReductionCase] =
    Sizes.lengths.map { .init([2, $0], [1]) } + Sizes.lengths.map { .init([3, $0], [0], keep: true) } + [
      .init([], []), .init([7], [0]), .init([3], []), .init([2, 7, 9, 17], [1, 2], keep: true),
      .init([2, 3, 4, 5], [1, 3]), .init([2, 3, 4, 5], [-1, 0]), .init([3, 2, 35], [1]),
      .init([2, 3], [0, 1, -1], keep: true), .init([4, 0], [1]), .init([4, 0], [0]), .init([0, 3], [0, 1]),
      .init([2, 1, 3, 1], [1, 3]), .init([2, 3, 2, 2, 1, 2, 2, 3], [0, 2, 4, 6]),
      .init([1, 2, 2, 2, 2, 2, 2, 2], [7, 5, 3, 1], keep: true), .init([3, 2100], [0]),
      .init([4, 6000], [1]),
    ]

  /// Those without empty results, for types in which nothing cannot be told.
  static let filled = all.filter { !$0.dimensions.contains(0) }
  /// One of each kind, for oracles that are slow.
  static let some: [ReductionCase] = [
    .init([5], [0]), .init([3, 17], [1]), .init([17, 3], [0], keep: true), .init([2, 3, 4, 5], [1, 3]),
    .init([2, 3], [0, 1]), .init([3], []), .init([], []),
  ]

  /// Runs the reduction with constant axes, and on several threads with computed ones; both must give the same bits.
  func run(
    _ make: (OperatorOptions) throws -> any Operator, _ input: TestTensor, output: (ElementType, Quantization)? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> TestTensor {
    let operation = try make(.table([0: .bool(keep)]))
    let axes = try TestTensor(integers: axes, as: .int32)
    let outputs = [output ?? (input.type.element, input.type.quantization)]
    let result = try KernelTestSupport.run(
      operation, [input, axes.constant], outputs: outputs, sourceLocation: sourceLocation)[0]
    let other = try KernelTestSupport.run(
      operation, [input, axes], outputs: outputs, threads: count > 5000 ? 3 : 1, sourceLocation: sourceLocation)[0]
    #expect(result.type.shape.dimensions == shape, sourceLocation: sourceLocation)
    let isSame = result.bytes == other.bytes && result.type == other.type
    #expect(isSame, "with computed axes", sourceLocation: sourceLocation)
    return result
  }

  /// Expects typed errors for axes outside the rank, for other element types and for other operands.
  static func expectRejections(
    _ make: (OperatorOptions) throws -> any Operator, supported: [ElementType],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let operation = try make(.defaults)
    let element = try #require(supported.first)
    let inputs = [try TestTensor(zeros: element, [2, 3]), try TestTensor([0] as [Int32])]
    let outputs = [(element, Quantization.usual(for: element))]
    try expectRejectedValues(
      operation, inputs, operand: 1, [[2], [-3], [0, 5], [Int(Int32.max)], [Int(Int32.min)]], outputs: outputs,
      sourceLocation: sourceLocation)
    expectRejection(
      .malformed, of: operation, [try TestTensor(zeros: element, []), inputs[1]], outputs: outputs,
      sourceLocation: sourceLocation)
    try expectOnly(supported, for: operation, inputs, sourceLocation: sourceLocation)
    try expectOnly([element], for: operation, inputs, output: element, sourceLocation: sourceLocation)
    try expectOnly(
      [.int32], for: operation, inputs, changing: [1], output: element, sourceLocation: sourceLocation)
    expectOperandCounts(operation, inputs, outputs: outputs, sourceLocation: sourceLocation)
  }

  /// Expects typed errors for scales and zero points that no quantised tensor has.
  static func expectSoundQuantization(
    _ make: (OperatorOptions) throws -> any Operator, _ elements: [ElementType],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let axes = try TestTensor([0] as [Int32]).constant
    for element in elements {
      let sound = AffineForm(element, scale: 0.5, zeroPoint: 0)
      let beyond = sound.limits.upperBound + 1
      for (scale, zeroPoint) in [
        (0, 0), (-1, 0), (.nan, 0), (.infinity, 0), (1, 1 << 40), (1, beyond), (1, -beyond - 1),
      ] as [(Float, Int)] {
        let unsound = AffineForm(element, scale: scale, zeroPoint: zeroPoint)
        for (input, output) in [(unsound, sound), (sound, unsound), (unsound, unsound)] {
          expectRejection(
            of: try make(.defaults), [try input.tensor([1, 2]), axes], outputs: [output.output],
            "\(input.testDescription) to \(output.testDescription)", sourceLocation: sourceLocation)
        }
      }
    }
  }

  /// Expects the output's zero point for integers that have no quantisation, and a typed error where the output has none.
  static func expectZeroOfUnquantized(
    _ make: (OperatorOptions) throws -> any Operator, _ element: ElementType,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let input = try TestTensor(integers: [3, 1, 0, 9, 100, 2], [2, 3], as: element)
    let axes = try TestTensor([1] as [Int32]).constant
    for output in AffineForm.zeroPoints(element, scale: 0.05) {
      let result = try KernelTestSupport.run(make(.defaults), [input, axes], outputs: [output.output])
      #expect(result[0].integers == [output.zeroPoint, output.zeroPoint], sourceLocation: sourceLocation)
    }
    expectRejection(
      .malformed, of: try make(.defaults), [input, axes], outputs: [(element, .none)], sourceLocation: sourceLocation)
  }

  /// Runs the reduction with extreme but legal scales, which it may refuse, but must survive.
  static func expectSurvivalOfExtremeScales(
    _ make: (OperatorOptions) throws -> any Operator, _ element: ElementType,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let axes = try TestTensor([0] as [Int32]).constant
    for scale in extremeScales {
      for other in extremeScales {
        for form in AffineForm.zeroPoints(element, scale: scale) {
          let input = try form.tensor([form.limits.upperBound, form.limits.lowerBound, form.limits.upperBound, 1])
          let output = (element, Quantization.perTensor(scale: other, zeroPoint: form.zeroPoint))
          do {
            _ = try KernelTestSupport.run(make(.defaults), [input, axes], outputs: [output])
          } catch is OperatorError {}
        }
      }
    }
  }
}
