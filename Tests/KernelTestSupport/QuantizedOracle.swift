import Kernels
import TensorTypes
import Testing

/// A quantised integer type with one scale and zero point: what its integers mean, for oracles that compute with real numbers.
public struct AffineForm: Sendable, CustomTestStringConvertible {
  public let element: ElementType
  public let scale: Float
  public let zeroPoint: Int

  public init(_ element: ElementType, scale: Float, zeroPoint: Int) {
    self.element = element
    self.scale = scale
    self.zeroPoint = zeroPoint
  }

  public var testDescription: String { "\(element) \(scale) * (q - \(zeroPoint))" }

  public var quantization: Quantization { .perTensor(scale: scale, zeroPoint: zeroPoint) }

  /// What `run` declares an output as.
  public var output: (ElementType, Quantization) { (element, quantization) }

  /// The least and the greatest integer.
  public var limits: ClosedRange<Int> { element.integerLimits ?? 0...0 }

  /// Every integer of an 8-bit type; of 16 bits a sample with both ends.
  public var everyInteger: [Int] {
    limits.count <= 256
      ? Array(limits)
      : Array(stride(from: limits.lowerBound, to: limits.upperBound, by: 251)) + [
        -1, 0, 1, limits.upperBound,
      ]
  }

  /// The number that an integer stands for.
  public func real(_ integer: Int) -> Double { Double(scale) * Double(integer - zeroPoint) }

  /// Where a number lies among the integers, limited to them but not rounded; NaN stays.
  public func place(_ real: Double) -> Double {
    let place = real / Double(scale) + Double(zeroPoint)
    return place.isNaN ? place : Swift.min(Swift.max(place, Double(limits.lowerBound)), Double(limits.upperBound))
  }

  public func tensor(_ integers: [Int], _ dimensions: [Int]? = nil) throws -> TestTensor {
    try TestTensor(integers: integers, dimensions, as: element, quantization: quantization)
  }

  /// Forms with the zero point at both ends of the type and inside.
  public static func zeroPoints(_ element: ElementType, scale: Float) -> [AffineForm] {
    guard let limits = element.integerLimits else { return [] }
    return [limits.lowerBound, limits.lowerBound + limits.count / 3, limits.upperBound].map {
      AffineForm(element, scale: scale, zeroPoint: $0)
    }
  }
}

/// Expects quantised results within `steps` integers of the exact real ones, and inside the type where these are out of it.
public func expectQuantized(
  _ actual: TestTensor, _ form: AffineForm, _ expected: [Double], steps: Double = 1.001,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let integers = actual.integers
  guard integers.count == expected.count else {
    Issue.record("\(integers.count) elements, expected \(expected.count)", sourceLocation: sourceLocation)
    return
  }
  for (index, (integer, real)) in zip(integers, expected).enumerated() {
    let place = form.place(real)
    guard abs(Double(integer) - place) <= steps else {
      Issue.record("element \(index): \(integer), expected about \(place)", sourceLocation: sourceLocation)
      return
    }
  }
}

/// Scales from the smallest to the largest number; hostile, but legal.
public let extremeScales: [Float] = [.leastNonzeroMagnitude, 1e-38, 1e-6, 1, 1e30, .greatestFiniteMagnitude]

/// Runs the operator with quantised operands of extreme scales and zero points at the ends. It may refuse them with a typed error; it must
/// neither trap nor write elsewhere.
public func expectSurvivalOfExtremeScales(
  _ operation: any Operator, _ element: ElementType, inputs count: Int = 1, output: ElementType? = nil,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let limits = try #require(element.integerLimits)
  let integers = limits.count <= 256 ? Array(limits) : [limits.lowerBound, -1, 0, 1, 5, limits.upperBound]
  for scale in extremeScales {
    for other in extremeScales {
      for zeroPoint in [limits.lowerBound, 0, limits.upperBound] where limits.count <= 256 || zeroPoint == 0 {
        let first = AffineForm(element, scale: scale, zeroPoint: zeroPoint)
        let second = AffineForm(element, scale: other, zeroPoint: zeroPoint)
        let operands = try (0..<count).map { try ($0 == 0 ? first : second).tensor(integers) }
        let result = (output ?? element, output == .bool ? .none : second.quantization)
        expectSurvival(sourceLocation: sourceLocation) {
          try run(operation, operands, outputs: [result], sourceLocation: sourceLocation)
        }
      }
    }
  }
}

/// Runs an operator with integers that have no quantisation, which all stand for 0, and expects `value` in every place of the quantised output.
public func expectZeroOfUnquantized(
  _ operation: any Operator, _ element: ElementType, inputs count: Int = 1, is value: Double = 0,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  for output in element == .int16
    ? [AffineForm(.int16, scale: 0.05, zeroPoint: 0)] : AffineForm.zeroPoints(element, scale: 0.05)
  {
    let input = try TestTensor(integers: output.everyInteger, as: element)
    let result = try run(
      operation, [TestTensor?](repeating: input, count: count), outputs: [output.output],
      sourceLocation: sourceLocation)[0]
    let expected = output.place(output.real(output.zeroPoint) + value).rounded(.toNearestOrAwayFromZero)
    #expect(result.integers.allSatisfy { Double($0) == expected }, sourceLocation: sourceLocation)
  }
}
