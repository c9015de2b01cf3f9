public import TensorTypes

/// `FAKE_QUANT`: elements rounded to the numbers that a quantisation to `num_bits` bits can hold, between `min` and `max` moved so that 0 is
/// one of them. Any shape; `float32`.
public struct FakeQuant: Operator {
  public static let definition = OperatorDefinition(.fakeQuant, versions: 1...2, options: 58)

  /// The interval that numbers are limited to, before it is moved.
  package let range: ClosedRange<Float>
  /// 2 to 16.
  package let bits: Int
  private let narrowRange: Bool

  public init(options: OperatorOptions) throws(OperatorError) {
    let minimum = try options.float(0)
    let maximum = try options.float(1)
    guard minimum.isFinite, maximum.isFinite, minimum < maximum, (maximum - minimum).isFinite else {
      throw .malformed("the interval from \(minimum) to \(maximum) must be finite and not empty")
    }
    range = minimum...maximum
    bits = Int(try options.int32(2))
    guard (2...16).contains(bits) else { throw .malformed("\(bits) bits; 2 to 16 are possible") }
    narrowRange = try options.bool(3)
  }

  public var sharing: OperandSharing { .inPlace([0]) }

  public func outputElements(_ inputs: [TensorType?]) -> [ElementType]? {
    inputs.first.flatMap { $0 }.map { [$0.element] }
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    guard !narrowRange else { throw .unsupported("narrow_range; only the full range is supported") }
    return try node.unaryShape()
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let type = try node.input(0)
    guard type.element == .float32 else { throw .unsupported("\(type.element) input; float32 is supported") }
    return Function(range, bits: bits).kernel(count: type.shape.elementCount)
  }

  private struct Function: UnaryElementFunction {
    let low: Float
    let high: Float
    let scale: Float
    let inverseScale: Float

    init(_ range: ClosedRange<Float>, bits: Int) {
      let steps = Float((1 << bits) - 1)
      scale = (range.upperBound - range.lowerBound) / steps
      inverseScale = 1 / scale
      let exact = 0 - range.lowerBound / scale
      let zeroPoint = clamped(exact, 0, steps).rounded(.toNearestOrAwayFromZero)
      low = (0 - zeroPoint) * scale
      high = (steps - zeroPoint) * scale
    }

    @inline(__always) func apply(_ x: Float) -> Float {
      // As the reference orders its comparisons, NaN becomes the lowest number.
      let raised = low < x ? x : low
      let limited = raised < high ? raised : high
      // Rounds to nearest, ties away from zero; the operand is not negative and far below 2^31.
      let position = (limited - low) * inverseScale
      let whole = Float(Int32(machineTruncating: position))
      let rounded = position - whole >= 0.5 ? whole + 1 : whole
      return rounded * scale + low
    }
  }
}
