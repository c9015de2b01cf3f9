internal import TensorTypes

/// Which arithmetic a product of activations and weights runs in.
enum ProductArithmetic: Sendable, Hashable {
  case float
  /// Float activations, quantised while the model runs, and integer weights.
  case hybrid
  /// `uint8` with zero points for activations and weights.
  case uint8
  /// `int8` activations with a zero point, `int8` weights around zero.
  case int8
  /// `int16` activations and `int8` weights around zero, summed in 64 or 32 bits.
  case int16(wide: Bool)

  /// Checks the operands of a convolution.
  ///
  /// - Parameters:
  ///   - hybridWeights: the weight types that float activations may have besides floats.
  ///   - narrowWeights: the weight types that integer activations may have besides `int8`.
  ///   - biasOption: the operator's option `quantized_bias_type`; `float32` when it is not set.
  init(
    input: TensorType, weights: TensorType, bias: TensorType?, output: TensorType, hybridWeights: [ElementType],
    narrowWeights: [ElementType], biasOption: ElementType, channels: Int
  ) throws(OperatorError) {
    guard output.element == input.element else {
      throw .malformed("the input is \(input.element), the output \(output.element); both must be the same")
    }
    let arithmetic: ProductArithmetic
    switch (input.element, weights.element) {
    case (.float32, .float32), (.float32, .float16): arithmetic = .float
    case (.float32, let element) where hybridWeights.contains(element): arithmetic = .hybrid
    case (.uint8, .uint8): arithmetic = .uint8
    case (.int8, .int8): arithmetic = .int8
    case (.int8, let element) where narrowWeights.contains(element): arithmetic = .int8
    case (.int16, let element) where element == .int8 || narrowWeights.contains(element):
      switch biasOption {
      case .float32: arithmetic = .int16(wide: bias?.element != .int32)
      case .int32: arithmetic = .int16(wide: false)
      case .int64: arithmetic = .int16(wide: true)
      default: throw .malformed("quantized_bias_type is \(biasOption); it must be int32 or int64")
      }
      if let bias, biasOption != .float32, bias.element != biasOption {
        throw .malformed("the bias is \(bias.element), not the \(biasOption) that quantized_bias_type says")
      }
      guard (input.quantization.zeroPoint ?? 0) == 0, (output.quantization.zeroPoint ?? 0) == 0 else {
        throw .malformed("int16 input and output must have zero point 0")
      }
    default:
      throw .unsupported(
        "\(input.element) input with \(weights.element) weights; float32 with float32, float16 or \(Self.list(hybridWeights)), uint8 with uint8, int8 and int16 with \(Self.list(narrowWeights + [.int8])) are supported"
      )
    }
    if let bias {
      let wanted: [ElementType]
      switch arithmetic {
      case .float, .hybrid: wanted = [.float32]
      case .uint8, .int8: wanted = [.int32]
      case .int16: wanted = [.int64, .int32]
      }
      guard wanted.contains(bias.element) else {
        throw .malformed("the bias is \(bias.element), not \(wanted.map(\.description).joined(separator: " or "))")
      }
      guard bias.shape.elementCount == channels else {
        throw .malformed("the bias \(bias.shape) does not have one element for each of \(channels) output channels")
      }
      guard (bias.quantization.zeroPoint ?? 0) == 0 || bias.element == .float32 else {
        throw .malformed("the bias must have zero point 0")
      }
    }
    self = arithmetic
  }

  private static func list(_ types: [ElementType]) -> String {
    types.sorted { $0.rawValue < $1.rawValue }.map(\.description).joined(separator: ", ")
  }
}

extension NodeContext {
  /// Whether a product's operands are all `float16`, which has no built-in kernels but may have one in a delegate.
  ///
  /// - Parameters:
  ///   - bias: the number of the bias, if there is one.
  ///   - channels: the bias's elements.
  func isHalfProduct(input: Int, weights: Int, bias: Int, channels: Int) throws(OperatorError) -> Bool {
    guard try self.input(input).element == .float16, try self.input(weights).element == .float16 else { return false }
    try expectOutput(.float16)
    if let bias = optionalInput(bias), bias.element != .float16 || bias.shape.elementCount != channels {
      throw .malformed("the bias is \(bias), not float16 with one element for each of \(channels) output channels")
    }
    return true
  }

  /// The type of an optional input; nil when it is left out.
  func optionalInput(_ index: Int) -> TensorType? { index < inputs.count ? inputs[index] : nil }
}
