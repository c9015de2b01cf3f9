internal import TensorTypes

/// Which weights go with which activations in a convolution or matrix product, and what its bias may be.
struct WeightRules: Sendable {
  /// Weights that activations of some datatypes take, quantised per tensor or per channel.
  struct Combination: Sendable {
    let activations: Datatypes
    let perTensor: Datatypes
    let perChannel: Datatypes
    /// The oldest architecture that has it.
    let minimum: Architecture

    init(
      _ activations: Datatypes, perTensor: Datatypes = [], perChannel: Datatypes = [],
      from minimum: Architecture = .v65
    ) {
      self.activations = activations
      self.perTensor = perTensor
      self.perChannel = perChannel
      self.minimum = minimum
    }
  }

  let combinations: [Combination]
  /// The positions of activations, weights and bias among the inputs.
  let operands: (activation: Int, weights: Int, bias: Int)
  /// The weights' axis that scales per channel run along.
  let channelAxes: ClosedRange<Int>
  /// Whether a constant bias of 64-bit integers is converted to 32.
  let convertsWideBias: Bool
  /// Whether the bias may be computed where weights are quantised per channel.
  var takesComputedBias = false
  /// A bias quantised per tensor with at least this scale is refused where weights are quantised per channel.
  var largestBiasScale: Float?

  static let convolution2D = WeightRules(
    combinations: convolutions, operands: (0, 1, 2), channelAxes: 0...0, convertsWideBias: true, largestBiasScale: 1)
  static let transposedConvolution2D = WeightRules(
    combinations: convolutions + [Combination([.u16q], perTensor: [.i2q])], operands: (2, 1, 3), channelAxes: 0...0,
    convertsWideBias: true)

  private static let convolutions: [Combination] = [
    Combination([.f32], perTensor: [.f32]),
    Combination([.f16], perTensor: [.f16]),
    Combination([.i8q, .u8q], perTensor: [.i8q, .u8q, .i4q], perChannel: [.i8q]),
    Combination([.i16q], perTensor: [.i8q, .i4q, .i2q], perChannel: [.i8q]),
    Combination([.u16q], perTensor: [.i8q, .u8q, .i4q], perChannel: [.i8q]),
    Combination([.u16q], perTensor: [.i2q, .i16q], perChannel: [.i16q], from: .v73),
  ]

  static let depthwiseConvolution2D = WeightRules(
    combinations: [
      Combination([.f32], perTensor: [.f32]),
      Combination([.f16], perTensor: [.f16]),
      Combination([.i8q, .u8q], perTensor: [.i8q, .u8q, .i4q], perChannel: [.i8q, .i4q]),
      Combination([.u16q], perTensor: [.i8q, .u8q, .i4q, .i2q], perChannel: [.i8q, .u8q, .i4q, .i2q]),
      Combination([.u16q], perTensor: [.i16q], perChannel: [.i16q], from: .v73),
    ], operands: (0, 1, 2), channelAxes: 3...3, convertsWideBias: false)

  static let convolution3D = WeightRules(
    combinations: [
      Combination([.f32], perTensor: [.f32]),
      Combination([.f16], perTensor: [.f16]),
      Combination([.i8q, .u8q], perTensor: [.i8q, .u8q, .i4q, .i2q], perChannel: [.i8q, .i4q, .i2q]),
      Combination([.u16q], perTensor: [.i8q, .u8q, .i4q, .i2q], perChannel: [.i8q, .u8q, .i4q, .i2q]),
    ], operands: (0, 1, 2), channelAxes: 4...4, convertsWideBias: false)

  static let fullyConnected = WeightRules(
    combinations: [
      Combination([.f32], perTensor: [.f32, .i8q], perChannel: [.i8q]),
      Combination([.f16], perTensor: [.f16], perChannel: [.i8q, .i4q, .i2q]),
      Combination([.i8q, .u8q], perTensor: [.i8q, .u8q, .i4q], perChannel: [.i8q, .i4q, .i2q]),
      Combination([.i16q], perTensor: [.i8q, .i4q, .i2q], perChannel: [.i8q, .i4q, .i2q]),
      Combination([.u16q], perTensor: [.i8q, .u8q, .i4q, .i2q], perChannel: [.i8q, .u8q, .i4q, .i2q]),
      Combination([.u16q], perTensor: [.i16q], perChannel: [.i16q], from: .v73),
    ], operands: (0, 1, 2), channelAxes: 0...1, convertsWideBias: true, takesComputedBias: true)

  /// Why the operands do not go together; nil when they do.
  func refusal(_ node: OperatorSignature, on architecture: Architecture) -> String? {
    guard let activation = node.input(operands.activation), let weights = node.input(operands.weights) else {
      return "activations or weights are missing"
    }
    let fitting = combinations.filter {
      $0.activations.contains(activation.type)
        && (weights.isPerChannel ? $0.perChannel : $0.perTensor).contains(weights.type)
    }
    let kind = weights.isPerChannel ? " per channel" : ""
    guard let combination = fitting.min(by: { $0.minimum < $1.minimum }) else {
      return "no kernel for \(activation.type.text) activations with \(weights.type.text)\(kind) weights"
    }
    guard combination.minimum <= architecture else {
      return
        "\(activation.type.text) activations with \(weights.type.text) weights need Hexagon \(combination.minimum) or newer"
    }
    if let axis = weights.channelAxis, !channelAxes.contains(axis) {
      return "weights are quantised along axis \(axis)"
    }
    if weights.isPerChannel, weights.zeroPoints.contains(where: { $0 != 0 }) {
      return "weights quantised per channel have zero points other than 0"
    }
    return node.input(operands.bias).flatMap { refusal(bias: $0, activation: activation, weights: weights) }
  }

  private func refusal(bias: OperandSignature, activation: OperandSignature, weights: OperandSignature) -> String? {
    if bias.rank != 1 { return "the bias has \(bias.rank) dimensions" }
    if Datatypes.float.contains(activation.type) {
      return bias.type == activation.type ? nil : "a \(bias.type.text) bias for \(activation.type.text) activations"
    }
    if bias.type == .i64 {
      return convertsWideBias && bias.constant != nil ? nil : "a bias of 64-bit integers"
    }
    guard bias.type == .i32q || bias.type == .u8q else { return "a \(bias.type.text) bias" }
    if bias.zeroPoints.contains(where: { $0 != 0 }) { return "the bias has a zero point other than 0" }
    if weights.isPerChannel, let limit = largestBiasScale, let scale = bias.quantization.scale,
      !bias.isPerChannel, scale >= limit
    {
      return "a bias scale of \(scale) with weights quantised per channel"
    }
    if weights.isPerChannel, bias.constant == nil, !takesComputedBias {
      return "a computed bias with weights quantised per channel"
    }
    return nil
  }
}
