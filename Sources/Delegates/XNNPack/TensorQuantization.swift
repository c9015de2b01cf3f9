internal import FlatBuffers
internal import Kernels
internal import TensorTypes

/// The scale and zero point of an `int8` or `uint8` tensor as the library takes them.
struct TensorQuantization: Hashable {
  let scale: Float
  let zeroPoint: Int
  /// The values of the element type.
  let limits: ClosedRange<Int>

  /// - Throws: ``Refusal`` for other element types, a scale that is not a positive normal number, a zero point outside of the element type,
  ///   or several scales.
  init(_ type: TensorType, _ what: String) throws(Refusal) {
    switch type.element {
    case .int8: limits = -128...127
    case .uint8: limits = 0...255
    default: throw Refusal("\(what) is \(type.element); int8 and uint8 are taken as quantised types")
    }
    switch type.quantization {
    case .perTensor(let scale, let zeroPoint):
      self.scale = scale
      self.zeroPoint = zeroPoint
    case .perChannel(let scales, let zeroPoints, _) where scales.count == 1 && zeroPoints.count == 1:
      scale = scales[0]
      zeroPoint = zeroPoints[0]
    case .none: throw Refusal("\(what) is \(type.element) without a scale")
    case .perChannel: throw Refusal("\(what) has a scale per channel; one scale is taken")
    case .blockwise: throw Refusal("\(what) has a scale per block; one scale is taken")
    }
    try Self.check(scale, what)
    guard limits.contains(zeroPoint) else {
      throw Refusal("the zero point \(zeroPoint) of \(what) is outside of \(type.element)")
    }
  }

  /// Checks that the library takes a scale.
  static func check(_ scale: Float, _ what: String) throws(Refusal) {
    guard scale > 0, scale.isNormal else {
      throw Refusal("the scale \(scale) of \(what) is not a positive normal number")
    }
  }

  var int8ZeroPoint: Int8 { Int8(clamping: zeroPoint) }
  var uint8ZeroPoint: UInt8 { UInt8(clamping: zeroPoint) }

  /// The range of quantised values that a fused activation leaves.
  static func range(_ activation: FusedActivation, _ output: TensorType) throws(Refusal) -> ClosedRange<Int> {
    let range: ClosedRange<Int32>
    do throws(OperatorError) {
      range = try activation.quantizedRange(output)
    } catch {
      throw Refusal("\(error)")
    }
    guard range.lowerBound < range.upperBound else {
      throw Refusal("the activation \(activation) leaves the output no range")
    }
    return Int(range.lowerBound)...Int(range.upperBound)
  }

  /// The range of real values that a fused activation leaves.
  static func range(_ activation: FusedActivation) throws(Refusal) -> ClosedRange<Float> {
    do throws(OperatorError) {
      return try activation.floatRange()
    } catch {
      throw Refusal("\(error)")
    }
  }

  /// Checks a ratio of scales against what the library takes.
  static func check(ratio: Float, in range: Range<Float>, _ what: String) throws(Refusal) {
    guard range.contains(ratio) else {
      throw Refusal("\(what), \(ratio), is not from \(range.lowerBound) to below \(range.upperBound)")
    }
  }
}
