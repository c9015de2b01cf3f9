internal import CKernels
internal import TensorTypes

/// What a quantised sum or difference computes with: both inputs are brought to twice the larger input scale, with `leftShift` more bits,
/// added, and brought to the output scale.
///
/// Source: TFLite's `ADD` and `SUB`; results have the same bits.
struct QuantizedSumParameters: Sendable {
  let left: AffineParameters
  let right: AffineParameters
  let leftMultiplier: QuantizedMultiplier
  let rightMultiplier: QuantizedMultiplier
  let outputMultiplier: QuantizedMultiplier
  let outputZeroPoint: Int32
  let leftShift: Int32
  let low: Int32
  let high: Int32
  let subtracts: Bool
  private let outputScale: Double

  init(_ node: NodeContext, _ activation: FusedActivation, subtracts: Bool) throws(OperatorError) {
    left = try node.affineInput(0)
    right = try node.affineInput(1)
    let output = try node.affineOutput()
    leftShift = try node.output(0).element == .int16 ? 15 : 20
    let common = Double(2 * max(left.scale, right.scale))
    leftMultiplier = QuantizedMultiplier(Double(left.scale) / common)
    rightMultiplier = QuantizedMultiplier(Double(right.scale) / common)
    outputMultiplier = QuantizedMultiplier(common / Double(Float(Int32(1) << leftShift) * output.scale))
    outputZeroPoint = output.zeroPoint
    outputScale = Double(output.scale)
    let range = try activation.quantizedRange(try node.output(0))
    low = range.lowerBound
    high = range.upperBound
    self.subtracts = subtracts
  }

  @inline(__always) func scaledLeft(_ a: Int32) -> Int32 {
    leftMultiplier.apply((a &- left.zeroPoint) &<< leftShift)
  }

  @inline(__always) func scaledRight(_ b: Int32) -> Int32 {
    let scaled = rightMultiplier.apply((b &- right.zeroPoint) &<< leftShift)
    return subtracts ? 0 &- scaled : scaled
  }

  /// The same in real numbers, in units of the output's scale.
  var pairScales: tflk_byte_pair_scales {
    let sign: Double = subtracts ? -1 : 1
    return tflk_byte_pair_scales(
      left: Double(left.scale) / outputScale, right: sign * Double(right.scale) / outputScale,
      left_zero_point: left.zeroPoint, right_zero_point: right.zeroPoint)
  }

  var output: OutputQuantization {
    OutputQuantization(multiplier: outputMultiplier, zeroPoint: outputZeroPoint, low: low, high: high)
  }
}

/// A sum or difference of 16-bit integers whose scales are powers of two: the finer input is shifted to the output's scale.
struct PowerOfTwoSum: BinaryElementFunction {
  let leftShift: Int32
  let rightShift: Int32
  let low: Int32
  let high: Int32
  let subtracts: Bool

  /// The function for scales that are powers of two; nil for others.
  ///
  /// - Throws: `malformed` when they are powers of two that the operator's definition does not take.
  init?(_ node: NodeContext, _ activation: FusedActivation, subtracts: Bool) throws(OperatorError) {
    let left = try node.affineInput(0)
    let right = try node.affineInput(1)
    let output = try node.affineOutput()
    guard let leftLog = powerOfTwo(left.scale), let rightLog = powerOfTwo(right.scale),
      let outputLog = powerOfTwo(output.scale)
    else { return nil }
    leftShift = outputLog - leftLog
    rightShift = outputLog - rightLog
    guard leftShift >= 0, rightShift >= 0, leftShift == 0 || rightShift == 0, max(leftShift, rightShift) <= 31 else {
      throw .malformed(
        "with power-of-two scales one int16 input must have the scale of the output and the other none above it")
    }
    let range = try activation.quantizedRange(try node.output(0))
    low = range.lowerBound
    high = range.upperBound
    self.subtracts = subtracts
  }

  @inline(__always) func apply(_ a: Int16, _ b: Int16) -> Int16 {
    let left = QuantizedMultiplier.roundingDivideByPowerOfTwo(Int32(a), leftShift)
    let right = QuantizedMultiplier.roundingDivideByPowerOfTwo(Int32(b), rightShift)
    return Int16(truncatingIfNeeded: clamped(subtracts ? left &- right : left &+ right, low, high))
  }
}

private func sumKernel<T: FixedWidthInteger & BitwiseCopyable & Sendable>(
  _: T.Type, _ parameters: QuantizedSumParameters, _ broadcast: Broadcast
) -> Kernel {
  QuantizedPairs(
    .sum(left: parameters.leftMultiplier, right: parameters.rightMultiplier, subtracts: parameters.subtracts),
    of: T.self, left: parameters.scaledLeft, right: parameters.scaledRight, scales: parameters.pairScales,
    parameters.output, broadcast
  ).kernel(broadcast)
}

/// The kernel of a quantised sum or difference of inputs 0 and 1.
///
/// - Parameter powerOfTwo: whether 16-bit inputs may take the form for power-of-two scales.
func quantizedSumKernel(
  _ node: NodeContext, _ broadcast: Broadcast, _ activation: FusedActivation, subtracts: Bool, powerOfTwo: Bool
) throws(OperatorError) -> Kernel {
  let parameters = try QuantizedSumParameters(node, activation, subtracts: subtracts)
  switch try node.output(0).element {
  case .int8: return sumKernel(Int8.self, parameters, broadcast)
  case .uint8: return sumKernel(UInt8.self, parameters, broadcast)
  default:
    try node.expectSymmetric(parameters.left, parameters.right, try node.affineOutput())
    if powerOfTwo, let function = try PowerOfTwoSum(node, activation, subtracts: subtracts) {
      return function.kernel(broadcast)
    }
    return sumKernel(Int16.self, parameters, broadcast)
  }
}
