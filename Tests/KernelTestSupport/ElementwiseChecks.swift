import Kernels
import TensorTypes
import Testing

/// Where the operator says that its output may share an input's memory, runs it so, for each such input of the output's size, and expects the
/// same bytes as with memory of its own.
public func expectSameInPlace(
  _ operation: any Operator, _ inputs: [TestTensor], output: (ElementType, Quantization),
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  guard case .inPlace(let indices) = operation.sharing else { return }
  let separate = try run(operation, inputs, outputs: [output], sourceLocation: sourceLocation)[0].bytes
  for index in indices where inputs[index].bytes.count == separate.count {
    let together = try run(
      operation, inputs, outputs: [output], shared: index, sourceLocation: sourceLocation)[0].bytes
    if together != separate { Issue.record("in the memory of input \(index)", sourceLocation: sourceLocation) }
  }
}

/// Runs an operator that computes each element from the element at the same place, in a floating type, and compares it with `function` of the
/// stored values in double precision.
///
/// - Parameters:
///   - tolerance: the relative error that is allowed besides the rounding to the element type, which is two units in the last place for
///     types below `float32`.
///   - least: magnitudes below it count as this one, where results near 0 come from cancellation.
public func expectRealFunction(
  _ operation: any Operator, _ element: ElementType, _ values: [Double], _ dimensions: [Int]? = nil,
  tolerance: Double = 1e-6, least: Double = 1e-6, threads: Int = 1, sourceLocation: SourceLocation = #_sourceLocation,
  _ function: (Double) -> Double
) throws {
  let input = try TestTensor(numbers: values, dimensions, as: element)
  let result = try run(
    operation, [input], outputs: [(element, .none)], threads: threads, sourceLocation: sourceLocation)[0]
  #expect(result.type.shape == input.type.shape, sourceLocation: sourceLocation)
  expectNear(
    result.numbers, input.numbers.map { element.rounded(function($0)) },
    tolerance: tolerance + (element == .float32 ? 0 : 2 * element.epsilon), least: least, sourceLocation: sourceLocation
  )
}

/// Expects numbers near in proportion to each expected one; infinities and NaN must be the same.
public func expectNear(
  _ actual: [Double], _ expected: [Double], tolerance: Double, least: Double = 1e-6,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard actual.count == expected.count else {
    Issue.record("\(actual.count) elements, expected \(expected.count)", sourceLocation: sourceLocation)
    return
  }
  for (index, (a, e)) in zip(actual, expected).enumerated() {
    guard a == e || (a.isNaN && e.isNaN) || abs(a - e) <= tolerance * max(abs(e), least) else {
      Issue.record("element \(index): \(a), expected \(e)", sourceLocation: sourceLocation)
      return
    }
  }
}

/// Runs an operator with two broadcast inputs of one element type and expects exactly `function` of the stored numbers, rounded to the output
/// type, on one thread and, where there are many, on three.
public func expectBroadcast(
  _ operation: any Operator, _ a: TestTensor, _ b: TestTensor, output: (ElementType, Quantization)? = nil,
  sourceLocation: SourceLocation = #_sourceLocation, _ function: (Double, Double) -> Double
) throws {
  let (shapeA, shapeB) = (a.type.shape.dimensions, b.type.shape.dimensions)
  let result = output ?? (a.type.element, a.type.quantization)
  let expected = broadcast(a.numbers, shapeA, b.numbers, shapeB) { result.0.rounded(function($0, $1)) }
  for threads in Set([1, Sizes.threads(expected.count)]) {
    let actual = try run(
      operation, [a, b], outputs: [result], threads: threads, sourceLocation: sourceLocation)[0]
    #expect(actual.type.shape.dimensions == broadcastShape(shapeA, shapeB), sourceLocation: sourceLocation)
    expectNear(actual.numbers, expected, tolerance: 0, sourceLocation: sourceLocation)
  }
  try expectSameInPlace(operation, [a, b], output: result, sourceLocation: sourceLocation)
}

/// Runs the quantised form of an operator with two inputs on broadcast operands and expects what it gives for operands that were spread out
/// before, over all pairs of shapes.
///
/// - Parameter divides: whether the second input must not stand for zero.
public func expectQuantizedBroadcast(
  _ operation: any Operator, _ left: AffineForm, _ right: AffineForm, output: (ElementType, Quantization),
  divides: Bool = false, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  var generator = SeededGenerator(seed: 91)
  for (shapeA, shapeB) in Sizes.broadcasts(left.element) {
    let a = generator.integers(shapeA.reduce(1, *), in: left.limits)
    let b = generator.integers(shapeB.reduce(1, *), in: right.limits).map {
      divides && $0 == right.zeroPoint ? ($0 == right.limits.upperBound ? $0 - 1 : $0 + 1) : $0
    }
    let shape = broadcastShape(shapeA, shapeB)
    let operands = [try left.tensor(a, shapeA), try right.tensor(b, shapeB)]
    let actual = try run(operation, operands, outputs: [output], sourceLocation: sourceLocation)[0]
    let expected = try run(
      operation,
      [
        left.tensor(broadcastPositions(shapeA, in: shape).map { a[$0] }, shape),
        right.tensor(broadcastPositions(shapeB, in: shape).map { b[$0] }, shape),
      ], outputs: [output], sourceLocation: sourceLocation)[0]
    #expect(actual.type.shape.dimensions == shape, sourceLocation: sourceLocation)
    if actual.bytes != expected.bytes { Issue.record("\(shapeA) and \(shapeB)", sourceLocation: sourceLocation) }
    try expectSameInPlace(operation, operands, output: output, sourceLocation: sourceLocation)
  }
}

/// Runs the quantised form of an operator with one input on every integer and compares it with `function` of the real numbers; then on the
/// first few integers, over lengths around a vector's width, which must give the same.
public func expectQuantizedFunction(
  _ operation: any Operator, from input: AffineForm, to output: AffineForm, steps: Double = 1.001,
  sourceLocation: SourceLocation = #_sourceLocation, _ function: (Double) -> Double
) throws {
  let integers = input.everyInteger
  let result = try run(
    operation, [try input.tensor(integers)], outputs: [output.output], sourceLocation: sourceLocation)[0]
  expectQuantized(
    result, output, integers.map { function(input.real($0)) }, steps: steps, sourceLocation: sourceLocation)
  for count in [0, 1, 15, 16, 17, 35] {
    let part = try run(
      operation, [input.tensor(Array(integers[..<count]))], outputs: [output.output], sourceLocation: sourceLocation)
    #expect(part[0].integers == Array(result.integers[..<count]), sourceLocation: sourceLocation)
  }
  try expectSameInPlace(operation, [input.tensor(integers)], output: output.output, sourceLocation: sourceLocation)
}

/// ``expectRealFunction(_:_:_:_:tolerance:least:threads:sourceLocation:_:)`` with random numbers in `range`, over every length and shape of
/// ``Sizes`` and on several threads.
public func expectRealFunctionOverSizes(
  _ operation: any Operator, _ element: ElementType, in range: ClosedRange<Float>, tolerance: Double = 1e-6,
  least: Double = 1e-6, sourceLocation: SourceLocation = #_sourceLocation, _ function: (Double) -> Double
) throws {
  var generator = SeededGenerator(seed: 5)
  for dimensions in Sizes.lengths.map({ [$0] }) + Sizes.shapes + (element == .float32 ? [[Sizes.long]] : []) {
    let values = generator.floats(dimensions.reduce(1, *), in: range).map { Double($0) }
    try expectRealFunction(
      operation, element, values, dimensions, tolerance: tolerance, least: least,
      threads: Sizes.threads(values.count), sourceLocation: sourceLocation, function)
    try expectSameInPlace(
      operation, [TestTensor(numbers: values, dimensions, as: element)], output: (element, .none),
      sourceLocation: sourceLocation)
  }
}

/// Runs an operator with one floating input and expects exactly these numbers: the same signs of zeros, the same infinities, NaN for NaN.
public func expectNumbers(
  _ operation: any Operator, _ element: ElementType, _ values: [Double], _ expected: [Double],
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let result = try run(
    operation, [try TestTensor(numbers: values, as: element)], outputs: [(element, .none)],
    sourceLocation: sourceLocation)[0].numbers
  #expect(result.count == expected.count, sourceLocation: sourceLocation)
  for (value, (actual, expected)) in zip(values, zip(result, expected)) {
    let isSame =
      actual.isNaN ? expected.isNaN : actual == element.rounded(expected) && actual.sign == expected.sign
    #expect(isSame, "\(value) gives \(actual), expected \(expected)", sourceLocation: sourceLocation)
  }
}

/// Expects typed errors for what no operator with `count` inputs of one type and an output of the same type takes: other element types, a wrong
/// number of operands, and an output of another type.
///
/// - Parameters:
///   - output: the output's element type; nil when it is the inputs'.
///   - declaresOutput: whether the model's declaration of the output's type counts.
public func expectElementwiseRejections(
  _ operation: any Operator, supported: [ElementType], inputs count: Int = 1, output: ElementType? = nil,
  declaresOutput: Bool = true, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let element = try #require(supported.first)
  let operands = [TestTensor?](repeating: try TestTensor(zeros: element, [2]), count: count)
  try expectOnly(
    supported, for: operation, operands, changing: Array(0..<count), output: output, sourceLocation: sourceLocation)
  if count == 2 {
    try expectOnly(
      [element], for: operation, operands, changing: [1], output: output ?? element, sourceLocation: sourceLocation)
    for (a, b) in Sizes.mismatches {
      expectRejection(
        .malformed, of: operation, [try TestTensor(zeros: element, a), try TestTensor(zeros: element, b)],
        outputs: [(output ?? element, .none)], "\(a) and \(b)", sourceLocation: sourceLocation)
    }
  }
  let result = output ?? element
  expectOperandCounts(
    operation, operands, outputs: [(result, .usual(for: result))], sourceLocation: sourceLocation)
  for other in ElementType.allCases where declaresOutput && other != result {
    expectRejection(
      of: operation, operands, outputs: [(other, .usual(for: other))], "output \(other)",
      sourceLocation: sourceLocation)
  }
}
