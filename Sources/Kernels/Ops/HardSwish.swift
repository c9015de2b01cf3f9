public import TensorTypes

/// `HARD_SWISH`: `x * min(max(x + 3, 0), 6) / 6`, element by element.
///
/// Any shape. `float32` and, with one scale and zero point each for input and output, `int8` and `uint8`.
public struct HardSwish: Operator {
  public static let definition = OperatorDefinition(.hardSwish, versions: 1...1, options: 91)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([0]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.unaryShape()
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let type = try node.input(0)
    if type.element == .float32, let kernel = FloatFunction.hardSwish.kernel(type) { return kernel }
    let count = type.shape.elementCount
    switch type.element {
    case .int8:
      let function = try Quantized(node, Int32(Int8.min)...Int32(Int8.max))
      return ByteLookup(Int8.self) { Int8(truncatingIfNeeded: function.apply(Int32($0))) }.kernel(count: count)
    case .uint8:
      let function = try Quantized(node, 0...255)
      return ByteLookup(UInt8.self) { UInt8(truncatingIfNeeded: function.apply(Int32($0))) }.kernel(count: count)
    case let other:
      throw .unsupported("\(other) input; float32, int8 and uint8 are supported")
    }
  }

  /// The 16-bit arithmetic of TFLite's reference kernel.
  private struct Quantized {
    private let inputZeroPoint: Int32
    private let outputZeroPoint: Int32
    private let outputMultiplier: Int32
    private let outputShift: Int32
    private let gateMultiplier: Int32
    private let gateExponent: Int32
    private let range: ClosedRange<Int32>

    init(_ node: NodeContext, _ range: ClosedRange<Int32>) throws(OperatorError) {
      let input = try node.affineInputOrZero(0)
      let output = try node.affineOutput()
      let fineScale = (1 / 128) * input.scale
      let outputFactor = QuantizedMultiplier(Double(fineScale / output.scale))
      guard outputFactor.shift <= 0 else {
        throw .malformed("the output scale \(output.scale) is too small for the input scale \(input.scale)")
      }
      let gateFactor = QuantizedMultiplier(Double(fineScale / (3 / 32768)))
      inputZeroPoint = input.zeroPoint
      outputZeroPoint = output.zeroPoint
      outputMultiplier = Self.upperHalf(outputFactor.multiplier)
      outputShift = -outputFactor.shift
      gateMultiplier = Self.upperHalf(gateFactor.multiplier)
      gateExponent = gateFactor.shift
      self.range = range
    }

    func apply(_ x: Int32) -> Int32 {
      let fine = Int32(Int16(truncatingIfNeeded: (x &- inputZeroPoint) &* 128))
      let scaled = Self.roundingHighMultiply(fine, outputMultiplier)
      // The gate is min(max(x + 3, 0), 6) / 6, first as a saturated number between -1 and 1.
      var gate = fine
      if gateExponent > 0 { gate = Self.saturated(Int64(gate) &<< Int64(gateExponent &- 1)) }
      gate = Self.roundingHighMultiply(gate, gateMultiplier)
      if gateExponent > 0 { gate = Self.saturated(Int64(gate) * 2) }
      if gateExponent < 0 { gate = FixedPoint.divide(gate, byPowerOfTwo: -gateExponent) }
      gate = (gate &+ 32768) &>> 1
      let product = gate == scaled && gate == -32768 ? 32767 : gate &* scaled / 32768
      let result = FixedPoint.divide(product, byPowerOfTwo: outputShift) &+ outputZeroPoint
      return clamped(result, range.lowerBound, range.upperBound)
    }

    private static func saturated(_ value: Int64) -> Int32 { Int32(Int16(clamping: value)) }

    /// The upper 16 bits, rounded, of a 31-bit multiplier.
    private static func upperHalf(_ multiplier: Int32) -> Int32 {
      multiplier >= Int32.max - 32768 ? 32767 : (multiplier + 32768) >> 16
    }

    /// The high half of `2 * a * b` of 16-bit numbers, rounded, saturating.
    private static func roundingHighMultiply(_ a: Int32, _ b: Int32) -> Int32 {
      if a == b, a == -32768 { return 32767 }
      let product = a &* b
      return (product &+ (product >= 0 ? 1 << 14 : 1 - (1 << 14))) / 32768
    }
  }
}
