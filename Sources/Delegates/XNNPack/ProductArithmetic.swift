internal import FlatBuffers
internal import Kernels
internal import TensorTypes

/// The arithmetic of an operator that multiplies activations with constant filters: element types, scales and the range of results.
enum ProductArithmetic: Hashable {
  case float(ClosedRange<Float>)
  /// `float16` throughout, sums too.
  case half(ClosedRange<Float>)
  case int8(Quantized, filterScale: Float)
  /// One filter scale per output channel.
  case int8PerChannel(Quantized, filterScales: [Float])
  case uint8(Quantized, filterScale: Float, filterZeroPoint: UInt8)

  struct Quantized: Hashable {
    let input: TensorQuantization
    let output: TensorQuantization
    /// Quantised results are clamped to this.
    let range: ClosedRange<Int>
  }

  /// The library keeps one factor per output channel on the stack while it packs `int8` filters.
  static let maximumChannelsWithScales = 65536

  /// - Parameters:
  ///   - channels: output channels.
  ///   - axis: the dimension of the filter that counts output channels.
  /// - Throws: ``Refusal`` for element types and quantisations that the library has no kernels for.
  init(
    input: TensorType, filter: TensorType, bias: TensorType?, output: TensorType, channels: Int, axis: Int,
    activation: FusedActivation
  ) throws(Refusal) {
    if let bias {
      guard bias.shape.elementCount == channels else {
        throw Refusal("the bias has \(bias.shape.elementCount) elements for \(channels) output channels")
      }
    }
    switch (input.element, filter.element) {
    case (.float32, .float32):
      guard output.element == .float32, bias == nil || bias?.element == .float32 else {
        throw Refusal("float32 activations with \(output.element) output or \(bias?.element.description ?? "no") bias")
      }
      self = .float(try TensorQuantization.range(activation))
    case (.float16, .float16):
      guard output.element == .float16, bias == nil || bias?.element == .float16 else {
        throw Refusal("float16 activations with \(output.element) output or \(bias?.element.description ?? "no") bias")
      }
      try XNNPackLibrary.requireHalf()
      self = .half(try TensorQuantization.halfRange(activation))
    case (.float32, .float16), (.float16, _):
      throw Refusal("\(input.element) activations with \(filter.element) filters have no kernel; both of one type have")
    case (.float32, _):
      throw Refusal("float32 activations with \(filter.element) filters (dynamic range quantisation) have no kernel")
    case (.int8, .int8), (.uint8, .uint8):
      guard output.element == input.element else {
        throw Refusal("\(input.element) activations with \(output.element) output have no kernel")
      }
      guard bias == nil || bias?.element == .int32 else {
        throw Refusal("\(input.element) activations take an int32 bias, not \(bias?.element.description ?? "none")")
      }
      let quantized = Quantized(
        input: try TensorQuantization(input, "the input"), output: try TensorQuantization(output, "the output"),
        range: try TensorQuantization.range(activation, output))
      let (scales, zeroPoints) = try Self.scales(filter, channels: channels, axis: axis)
      // With one factor the library wants at least 2^-32; channels of which each has its own may be as good as dead.
      let factors: Range<Float> = scales.count == 1 ? 0x1p-32..<256 : 0..<256
      for scale in scales {
        try TensorQuantization.check(scale, "the filter")
        try TensorQuantization.check(
          ratio: quantized.input.scale * scale / quantized.output.scale, in: factors,
          "the factor from sums to the output (input scale * filter scale / output scale)")
      }
      if input.element == .uint8 {
        guard let scale = scales.first, scales.count == 1, let zeroPoint = zeroPoints.first,
          let filterZeroPoint = UInt8(exactly: zeroPoint)
        else { throw Refusal("uint8 filters are taken with one scale and a zero point from 0 to 255") }
        self = .uint8(quantized, filterScale: scale, filterZeroPoint: filterZeroPoint)
        return
      }
      guard zeroPoints.allSatisfy({ $0 == 0 }) else { throw Refusal("int8 filters are taken with zero point 0") }
      if let scale = scales.first, scales.count == 1 {
        self = .int8(quantized, filterScale: scale)
      } else {
        guard channels <= Self.maximumChannelsWithScales else {
          throw Refusal("\(channels) output channels with a scale each; \(Self.maximumChannelsWithScales) are taken")
        }
        self = .int8PerChannel(quantized, filterScales: scales)
      }
    default:
      throw Refusal("\(input.element) activations with \(filter.element) filters have no kernel")
    }
  }

  /// The filter's scales: one when it has one, or when all are the same.
  private static func scales(
    _ filter: TensorType, channels: Int, axis: Int
  ) throws(Refusal) -> (scales: [Float], zeroPoints: [Int]) {
    switch filter.quantization {
    case .perTensor(let scale, let zeroPoint): return ([scale], [zeroPoint])
    case .perChannel(let scales, let zeroPoints, let filterAxis):
      guard let scale = scales.first, let zeroPoint = zeroPoints.first, scales.count == zeroPoints.count else {
        throw Refusal("the filter has \(scales.count) scales and \(zeroPoints.count) zero points")
      }
      if scales.allSatisfy({ $0 == scale }), zeroPoints.allSatisfy({ $0 == zeroPoint }) {
        return ([scale], [zeroPoint])
      }
      guard filterAxis == axis, scales.count == channels else {
        throw Refusal("the filter has \(scales.count) scales along dimension \(filterAxis), not one per output channel")
      }
      return (scales, zeroPoints)
    case .none: throw Refusal("the filter is \(filter.element) without a scale")
    case .blockwise: throw Refusal("filters with a scale per block have no kernel")
    }
  }

  /// Bytes of one filter element.
  var filterElementBytes: Int {
    switch self {
    case .float: 4
    case .half: 2
    case .int8, .int8PerChannel, .uint8: 1
    }
  }

  /// Bytes of one bias element.
  var biasElementBytes: Int {
    if case .half = self { return 2 }
    return 4
  }
}
