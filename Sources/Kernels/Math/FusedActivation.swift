internal import Glibc
public import TensorTypes

/// The activation that an operator applies to its result. Raw values are the schema's `ActivationFunctionType`.
public enum FusedActivation: Int8, Sendable, Hashable {
  case none = 0
  case relu = 1
  case reluN1To1 = 2
  case relu6 = 3
  case tanh = 4
  case signBit = 5

  /// Reads an activation from an operator's options.
  init(_ options: OperatorOptions, slot: Int) throws(OperatorError) {
    let raw = try options.int8(slot)
    guard let activation = FusedActivation(rawValue: raw) else {
      throw .malformed("\(raw) is not an activation function")
    }
    self = activation
  }

  /// The interval that real results are clamped to.
  ///
  /// - Throws: `unsupported` for activations that are no clamp (`TANH`, `SIGN_BIT`), which TFLite's kernels do not take either.
  public func floatRange() throws(OperatorError) -> ClosedRange<Float> {
    switch self {
    case .none: -Float.infinity...Float.infinity
    case .relu: 0...Float.infinity
    case .reluN1To1: -1...1
    case .relu6: 0...6
    case .tanh, .signBit:
      throw .unsupported("the fused activation \(self) has no kernel; NONE, RELU, RELU_N1_TO_1 and RELU6 have")
    }
  }

  /// The interval that quantised results are clamped to, inside the range of the output's element type.
  public func quantizedRange(_ output: TensorType) throws(OperatorError) -> ClosedRange<Int32> {
    let limits: ClosedRange<Int32>
    switch output.element {
    case .int8: limits = -128...127
    case .uint8: limits = 0...255
    case .int16: limits = -32768...32767
    default: throw .unsupported("a quantised result of type \(output.element)")
    }
    let range = try floatRange()
    guard self != .none else { return limits }
    guard let scale = output.quantization.scale, let zeroPoint = output.quantization.zeroPoint, scale > 0,
      scale.isFinite
    else { throw .malformed("a fused activation needs an output with a scale above 0") }
    func quantize(_ value: Float) -> Int32 {
      let q = Double(zeroPoint) + Double((value / scale).rounded(.toNearestOrAwayFromZero))
      return Int32(min(max(q, Double(limits.lowerBound)), Double(limits.upperBound)))
    }
    let low = range.lowerBound.isFinite ? quantize(range.lowerBound) : limits.lowerBound
    let high = range.upperBound.isFinite ? quantize(range.upperBound) : limits.upperBound
    return min(low, high)...high
  }
}
