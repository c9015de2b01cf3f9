internal import Glibc
internal import TensorTypes

extension QuantizedMultiplier {
  /// `value * factor` for a 64-bit sum, with the factor reduced to 16 bits as TFLite does for 16-bit activations.
  @inline(__always)
  func apply(wide value: Int64) -> Int32 {
    let reduced = multiplier < 0x7FFF_0000 ? (multiplier &+ (1 << 15)) &>> 16 : 0x7FFF
    let total = Int64(15 &- shift)
    let sum = value &* Int64(reduced) &+ (Int64(1) &<< (total &- 1))
    return Int32(truncatingIfNeeded: sum &>> total)
  }
}

/// Turns the integer sums of a quantised product into output values: scales them, adds the zero point, clamps.
struct Requantization: Sendable {
  /// One factor per output channel, or one for all.
  let multipliers: [QuantizedMultiplier]
  let zeroPoint: Int32
  let minimum: Int32
  let maximum: Int32

  init(factors: [Double], output: TensorType, activation: FusedActivation) throws(OperatorError) {
    multipliers = factors.map(QuantizedMultiplier.init)
    (zeroPoint, minimum, maximum) = try Self.range(output, activation)
  }

  fileprivate static func range(
    _ output: TensorType, _ activation: FusedActivation
  ) throws(OperatorError) -> (zeroPoint: Int32, minimum: Int32, maximum: Int32) {
    let range = try activation.quantizedRange(output)
    guard let zeroPoint = output.quantization.zeroPoint else { throw .malformed("the output has no quantisation") }
    return (Int32(clamping: zeroPoint), range.lowerBound, range.upperBound)
  }

  /// The factor of a channel.
  @inline(__always)
  func multiplier(_ channel: Int) -> QuantizedMultiplier { multipliers[multipliers.count == 1 ? 0 : channel] }

  @inline(__always)
  func callAsFunction(_ sum: Int32, _ channel: Int) -> Int32 {
    min(max(multiplier(channel).apply(sum) &+ zeroPoint, minimum), maximum)
  }

  @inline(__always)
  func callAsFunction(wide sum: Int64, _ channel: Int) -> Int32 {
    min(max(multiplier(channel).apply(wide: sum) &+ zeroPoint, minimum), maximum)
  }
}

/// The form of ``Requantization`` that scales in double precision and rounds once, as TFLite's reference FULLY_CONNECTED does.
struct RealRequantization: Sendable {
  /// One factor per output channel, or one for all.
  let factors: [Double]
  let zeroPoint: Int32
  let minimum: Int32
  let maximum: Int32

  init(factors: [Double], output: TensorType, activation: FusedActivation) throws(OperatorError) {
    self.factors = factors
    (zeroPoint, minimum, maximum) = try Requantization.range(output, activation)
  }

  @inline(__always)
  func callAsFunction<Sum: FixedWidthInteger>(_ sum: Sum, _ channel: Int) -> Int32 {
    scale(sum, factors[factors.count == 1 ? 0 : channel])
  }

  /// Scales the sums of neighbouring channels.
  @inline(__always)
  func scale<Sum: FixedWidthInteger, Output: FixedWidthInteger>(
    _ sums: Span<Sum>, firstChannel: Int, _ result: inout MutableSpan<Output>
  ) {
    precondition(sums.count == result.count)
    if factors.count == 1 {
      let factor = factors[0]
      for i in sums.indices { result[i] = Output(truncatingIfNeeded: scale(sums[i], factor)) }
    } else {
      let factors = factors.span.extracting(firstChannel..<firstChannel + sums.count)
      precondition(sums.count == factors.count)
      for i in sums.indices { result[i] = Output(truncatingIfNeeded: scale(sums[i], factors[i])) }
    }
  }

  /// Without branches and library calls, so that loops become vectors.
  @inline(__always)
  private func scale<Sum: FixedWidthInteger>(_ sum: Sum, _ factor: Double) -> Int32 {
    let scaled = Double(sum) * factor
    // Adding this constant rounds to an integer, ties to even, which the low bits then hold.
    let magic = 6_755_399_441_055_744.0
    let even = (scaled + magic) - magic
    let rest = scaled - even
    let up: Double = rest == 0.5 ? 1 : 0
    let down: Double = rest == -0.5 ? 1 : 0
    let rounded = even + (scaled > 0 ? up : -down)
    let integer = Int32(truncatingIfNeeded: (rounded + magic).bitPattern)
    // What the conversion instruction of x86 answers outside of the range.
    let low = rounded >= -2_147_483_648 ? integer : Int32.min
    let inside = rounded <= 2_147_483_647 ? low : Int32.min
    return min(max(inside &+ zeroPoint, minimum), maximum)
  }
}

/// The scales of quantised weights.
struct WeightScales {
  /// One per output channel, or one.
  let scales: [Float]
  /// The zero point of weights with one scale; 0 for weights with one per channel.
  let zeroPoint: Int

  /// - Parameters:
  ///   - channels: entries that a quantisation along `axis` must have.
  ///   - axis: the dimension of output channels.
  init(_ weights: TensorType, channels: Int, axis: Int) throws(OperatorError) {
    switch weights.quantization {
    case .none: throw .malformed("the \(weights.element) weights have no quantisation")
    case .blockwise: throw .unsupported("blockwise quantised weights; per-tensor and per-channel are supported")
    case .perTensor(let scale, let zeroPoint):
      scales = [scale]
      self.zeroPoint = zeroPoint
    case .perChannel(let scales, let zeroPoints, let quantizedAxis):
      if scales.count == 1 {
        self.scales = scales
        zeroPoint = zeroPoints.first ?? 0
        return
      }
      guard quantizedAxis == axis, scales.count == channels else {
        throw .malformed(
          "weights have \(scales.count) scales along dimension \(quantizedAxis); one scale, or \(channels) along dimension \(axis), are taken"
        )
      }
      guard zeroPoints.allSatisfy({ $0 == 0 }) else {
        throw .malformed("the zero points of weights with one scale per channel must be 0")
      }
      self.scales = scales
      zeroPoint = 0
    }
  }

  var isPerChannel: Bool { scales.count > 1 }

  /// The factor from sums to output values for each scale, in double precision.
  func factors(input: TensorType, output: TensorType) throws(OperatorError) -> [Double] {
    guard let inputScale = input.quantization.scale, let outputScale = output.quantization.scale else {
      throw .malformed("input and output must be quantised")
    }
    return scales.map { Double(inputScale) * Double($0) / Double(outputScale) }
  }

  /// The factor for weights with one scale as TFLite's older kernels form it: input and weight scales are multiplied in single precision.
  func legacyFactor(input: TensorType, output: TensorType) throws(OperatorError) -> Double {
    guard let inputScale = input.quantization.scale, let outputScale = output.quantization.scale else {
      throw .malformed("input and output must be quantised")
    }
    let product = inputScale * scales[0]
    guard product >= 0 else { throw .malformed("the scales of input and weights have different signs") }
    return Double(product) / Double(outputScale)
  }

  /// Checks that a bias has about the scale that sums have, `input scale * weight scale`.
  func checkBias(_ bias: TensorType?, input: TensorType, output: TensorType) throws(OperatorError) {
    guard let bias, let inputScale = input.quantization.scale, let outputScale = output.quantization.scale else {
      return
    }
    let difference = abs(Double(inputScale) * Double(scales[0]) - Double(bias.quantization.scale ?? 0))
    guard difference / Double(outputScale) <= 0.02 else {
      throw .malformed("the bias has another scale than the product of input and weights")
    }
  }

  /// Checks what a convolution in `arithmetic` needs of these scales and of the other operands' quantisation.
  func check(
    _ arithmetic: ProductArithmetic, input: TensorType, bias: TensorType?, output: TensorType,
    activation: FusedActivation
  ) throws(OperatorError) {
    switch arithmetic {
    case .float, .hybrid: return
    case .uint8:
      guard !isPerChannel else {
        throw .unsupported("uint8 filters with one scale per channel; int8 ones are supported")
      }
      _ = try legacyFactor(input: input, output: output)
      try checkBias(bias, input: input, output: output)
    case .int8, .int16:
      _ = try factors(input: input, output: output)
    }
    _ = try activation.quantizedRange(output)
  }
}
