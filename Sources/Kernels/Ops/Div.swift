public import TensorTypes

/// `DIV`: the quotient of two tensors, element by element, broadcast against each other, with a fused activation.
///
/// Inputs and output have one element type: `float32`, `float16`, `int32` (truncating), or with one scale and zero point each `int8`, `uint8`
/// and `int16`. An integer or quantised divisor must not contain zero. Of `int8`, `uint8` and `int16` operands without a scale nothing meaningful
/// comes, as in TFLite: quotients are multiplied by 0.
public struct Div: Operator {
  public static let definition = OperatorDefinition(.div, versions: 1...2, options: 29)

  package let activation: FusedActivation

  public init(options: OperatorOptions) throws(OperatorError) {
    activation = try FusedActivation(options, slot: 0)
  }

  public var sharing: OperandSharing { .inPlace([0, 1]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    [try node.binaryBroadcast().shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let broadcast = try node.binaryBroadcast()
    switch try node.input(0).element {
    case .float32: return FloatArithmetic.divide.kernel(broadcast, try activation.finiteRange(Float.self))
    case .float16: return FloatArithmetic.divide.halfKernel(broadcast, try activation.finiteRange(Float16.self))
    case .int32: return try IntegerQuotient(activation).kernel(broadcast).checkingDivisor(Int32.self)
    case .int8:
      let function = try QuantizedQuotient<Int8>(node, activation)
      return function.kernel(broadcast).checkingDivisor(Int8.self, zero: Int8(clamping: function.rightZeroPoint))
    case .uint8:
      let function = try QuantizedQuotient<UInt8>(node, activation)
      return function.kernel(broadcast).checkingDivisor(UInt8.self, zero: UInt8(clamping: function.rightZeroPoint))
    case .int16:
      let function = try QuantizedQuotient<Int16>(node, activation)
      return function.kernel(broadcast).checkingDivisor(Int16.self, zero: Int16(clamping: function.rightZeroPoint))
    case let other:
      throw .unsupported("\(other) inputs; float32, float16, int8, uint8, int16 and int32 are supported")
    }
  }

  private struct IntegerQuotient: BinaryElementFunction {
    let low: Int32
    let high: Int32

    init(_ activation: FusedActivation) throws(OperatorError) {
      let range = try activation.integerRange(Int32.self)
      low = range.lowerBound
      high = range.upperBound
    }

    @inline(__always) func apply(_ a: Int32, _ b: Int32) -> Int32 {
      clamped(a.dividedReportingOverflow(by: b).partialValue, low, high)
    }
  }

  /// Multiplies by a fixed-point reciprocal, as TFLite's reference kernel does.
  private struct QuantizedQuotient<T: FixedWidthInteger & BitwiseCopyable & Sendable>: BinaryElementFunction {
    let leftZeroPoint: Int32
    let rightZeroPoint: Int32
    let outputZeroPoint: Int32
    let multiplier: QuantizedMultiplier
    let low: Int32
    let high: Int32

    init(_ node: NodeContext, _ activation: FusedActivation) throws(OperatorError) {
      let left = try node.affineInputOrZero(0)
      let right = try node.affineInputOrZero(1)
      let output = try node.affineOutputOrZero()
      leftZeroPoint = left.zeroPoint
      rightZeroPoint = right.zeroPoint
      outputZeroPoint = output.zeroPoint
      multiplier = QuantizedMultiplier(Double(left.scale / (right.scale * output.scale)))
      let range = try activation.quantizedRange(try node.output(0))
      low = range.lowerBound
      high = range.upperBound
    }

    @inline(__always) func apply(_ a: T, _ b: T) -> T {
      var dividend = Int32(truncatingIfNeeded: a) &- leftZeroPoint
      var divisor = Int32(truncatingIfNeeded: b) &- rightZeroPoint
      if divisor < 0 {
        dividend = 0 &- dividend
        divisor = 0 &- divisor
      }
      let reciprocal = FixedPoint.reciprocal(divisor, integerBits: 31)
      let headroom = Int32((dividend < 0 ? ~dividend : dividend).leadingZeroBitCount) &- 1
      let quotient = QuantizedMultiplier.doublingHighMultiply(dividend &<< headroom, reciprocal.value)
      let shift = multiplier.shift &- reciprocal.bitsOverUnit &- headroom
      let scaled =
        shift >= -31
        ? FixedPoint.scale(quotient, multiplier.multiplier, shift)
        : Self.divideByHugePower(
          QuantizedMultiplier.doublingHighMultiply(quotient, multiplier.multiplier), 0 &- shift)
      return T(truncatingIfNeeded: clamped(scaled &+ outputZeroPoint, low, high))
    }

    /// What the reference kernel computes for `value / 2^exponent` when the exponent exceeds 31: an x86-64 machine shifts by the lowest five
    /// bits of the exponent. Quotients far below one output step come out wrong, and alike.
    private static func divideByHugePower(_ value: Int32, _ exponent: Int32) -> Int32 {
      (value &>> exponent) &+ (value >= 0 ? 1 : 0)
    }
  }
}
