import Kernels
import TensorTypes
import Testing

/// How an operator may refuse its operands.
public enum Rejection: Sendable, Hashable {
  case malformed
  case unsupported
  case invalidValue

  init?(_ error: any Error) {
    switch error {
    case OperatorError.malformed: self = .malformed
    case OperatorError.unsupported: self = .unsupported
    case OperatorError.invalidValue: self = .invalidValue
    default: return nil
    }
  }
}

/// Expects that making, preparing or running the operator ends with a typed error that says what was wrong.
///
/// - Parameter kind: which error; nil for any that concerns the operands.
public func expectRejection(
  _ kind: Rejection? = nil, of operation: @autoclosure () throws -> any Operator, _ inputs: [TestTensor?],
  outputs: [(ElementType, Quantization)], _ comment: String = "", threads: Int = 1,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  do {
    _ = try run(operation(), inputs, outputs: outputs, threads: threads, sourceLocation: sourceLocation)
    Issue.record("accepted \(comment)", sourceLocation: sourceLocation)
  } catch {
    guard let rejection = Rejection(error) else {
      Issue.record("ended with \(error) \(comment)", sourceLocation: sourceLocation)
      return
    }
    #expect(kind == nil || kind == rejection, "\(error) \(comment)", sourceLocation: sourceLocation)
    #expect(!"\(error)".isEmpty, sourceLocation: sourceLocation)
  }
}

/// Runs `body`, which may refuse its operands with a typed error that says what was wrong, but may not end in any other.
public func expectSurvival(sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> [TestTensor]) {
  do {
    _ = try body()
  } catch {
    #expect(Rejection(error) != nil, "\(error)", sourceLocation: sourceLocation)
  }
}

/// Expects a typed error for every element type that the operator does not support.
///
/// - Parameters:
///   - inputs: operands that are accepted; their shapes stay.
///   - changing: the inputs that get the other type, all at once. Their values become zeros.
///   - output: the element type that the output keeps; nil when it has the type of the changed inputs.
///   - outputs: how many outputs there are.
public func expectOnly(
  _ supported: [ElementType], for operation: any Operator, _ inputs: [TestTensor?], changing: [Int] = [0],
  output: ElementType? = nil, outputs count: Int = 1, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  for element in ElementType.allCases where !supported.contains(element) {
    var operands = inputs
    for index in changing {
      let operand = try #require(inputs[index])
      operands[index] = try TestTensor(zeros: element, operand.type.shape.dimensions)
      operands[index]?.isConstant = operand.isConstant
    }
    let result = output ?? element
    expectRejection(
      of: operation, operands,
      outputs: [(ElementType, Quantization)](repeating: (result, .usual(for: result)), count: count),
      "\(element) for inputs \(changing)", sourceLocation: sourceLocation)
  }
}

/// Expects a typed error when an operand is missing or there is one too many, of inputs and of outputs.
///
/// - Parameters:
///   - inputs: operands that are accepted, without those that could be added.
///   - optional: inputs that may be left out.
///   - more: how many inputs may be added; nil for any number.
public func expectOperandCounts(
  _ operation: any Operator, _ inputs: [TestTensor?], outputs: [(ElementType, Quantization)],
  optional: Set<Int> = [], more: Int? = 0, sourceLocation: SourceLocation = #_sourceLocation
) {
  for index in inputs.indices where !optional.contains(index) {
    var operands = inputs
    operands[index] = nil
    expectRejection(
      of: operation, operands, outputs: outputs, "input \(index) left out", sourceLocation: sourceLocation)
    expectRejection(
      of: operation, Array(inputs[..<index]), outputs: outputs, "\(index) inputs", sourceLocation: sourceLocation)
  }
  if let more, let last = inputs.last {
    expectRejection(
      of: operation, inputs + [TestTensor?](repeating: last, count: more + 1), outputs: outputs,
      "\(inputs.count + more + 1) inputs", sourceLocation: sourceLocation)
  }
  expectRejection(of: operation, inputs, outputs: [], "no outputs", sourceLocation: sourceLocation)
  expectRejection(
    of: operation, inputs, outputs: outputs + [outputs[0]], "\(outputs.count + 1) outputs",
    sourceLocation: sourceLocation)
}

/// Expects a typed error for scales and zero points that no quantised tensor has, and for none at all.
///
/// - Parameters:
///   - inputs: `count` inputs of these dimensions, all quantised alike.
///   - output: the output's element type and quantisation; nil when it is quantised like the inputs.
public func expectSoundQuantization(
  _ operation: any Operator, _ element: ElementType, inputs count: Int = 1, _ dimensions: [Int] = [2],
  output: (ElementType, Quantization)? = nil, takesUnquantized: Bool = false,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let beyond = try #require(element.integerLimits).upperBound + 1
  let unsound: [(Float, Int)] = [
    (0, 0), (-1, 0), (.nan, 0), (.infinity, 0), (1, 1 << 40), (1, beyond), (1, -beyond - 1),
  ]
  for quantization in unsound.map({ Quantization.perTensor(scale: $0.0, zeroPoint: $0.1) })
    + (takesUnquantized ? [] : [.none])
  {
    var tensor = try TestTensor(zeros: element, dimensions)
    tensor.type = TensorType(element: element, shape: tensor.type.shape, quantization: quantization)
    expectRejection(
      of: operation, [TestTensor?](repeating: tensor, count: count), outputs: [output ?? (element, quantization)],
      "\(quantization)", sourceLocation: sourceLocation)
  }
}
