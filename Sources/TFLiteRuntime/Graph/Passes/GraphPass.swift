/// The graph passes that can be switched off, by the names that the command line uses. Those that fuse only touch operators that no delegate
/// takes; they run in this order.
public enum GraphPass: String, Sendable, Hashable, CaseIterable {
  /// Operators on constants are computed once for all interpreters of a model.
  case foldConstants = "fold-constants"
  /// Pure operators whose results nobody reads are left out.
  case eliminateDeadCode = "eliminate-dead-code"
  /// Transpositions that undo one another or move no element become views, others that follow one another become one; reshapes and activations may
  /// stand between them.
  case cancelTransposes = "cancel-transposes"
  /// The operators that make up a layer normalisation become one step.
  case layerNormalization = "layer-normalization"
  /// The operators that make up a root-mean-square normalisation become one step.
  case rootMeanSquareNormalization = "rms-normalization"
  /// The operators that make up a global response normalisation (ConvNeXt V2) become one step.
  case responseNormalization = "response-normalization"
  /// `x * LOGISTIC(x)` becomes one function.
  case silu = "silu"
  /// Borders of zeros around an image become the padding of the convolution that reads it.
  case padding = "pad-into-convolution"
  /// Elementwise operators after a product run in the product's step.
  case productEpilogue = "product-epilogue"
  /// Convolutions around a depthwise one are computed together, some lines of the image at a time, where what is between them is large.
  case convolutionChain = "convolution-chain"
  /// Elementwise operators that follow one another become one sweep.
  case elementwiseChain = "elementwise-chain"
  /// Convolutions write their results where a concatenation along the channels has them.
  case concatenationInPlace = "concatenation-in-place"
  /// Float convolutions of 3×3 are computed by Winograd's method where that saves time. It is faster, needs more memory for weights, has about the
  /// rounding error of the direct sum, and spreads what is infinite or not a number to neighbouring pixels. Those of int8 are computed by the method in
  /// integers, with the same bits.
  case winograd = "winograd"

  /// The pass; nil for those that run when the model is loaded, or are a choice of kernels.
  var fusion: (any FusionPass)? {
    switch self {
    case .foldConstants, .eliminateDeadCode, .winograd: nil
    case .cancelTransposes: CancelTransposes()
    case .layerNormalization: FuseLayerNormalization()
    case .rootMeanSquareNormalization: FuseRootMeanSquareNormalization()
    case .responseNormalization: FuseResponseNormalization()
    case .silu: FuseSILU()
    case .padding: FusePadding()
    case .productEpilogue: FuseProductEpilogue()
    case .convolutionChain: FuseConvolutionChain()
    case .elementwiseChain: FuseElementwiseChain()
    case .concatenationInPlace: ConcatenateInPlace()
    }
  }
}

/// What graph passes did to a model, as far as it is planned.
public struct PassReport: Sendable, Hashable {
  /// Matches of each pass that found any.
  public var matches: [GraphPass: Int] = [:]
  /// Operators of the subgraph as it is stored.
  public var storedOperators = 0
  /// Operators after the passes that run when the model is loaded.
  public var compiledOperators = 0
  /// The names of the steps that an invocation runs, in order. Views whose memory is shared are no steps.
  public var steps: [String] = []

  public init() {}
}
