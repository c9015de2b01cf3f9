/// How integers stand for real numbers: `real = scale * (quantized - zeroPoint)`.
///
/// Source: the schema's `QuantizationParameters`.
public enum Quantization: Sendable, Hashable {
  case none
  /// One scale and zero point for the tensor.
  case perTensor(scale: Float, zeroPoint: Int)
  /// One scale and zero point for each index along `axis`; both arrays have as many entries as that dimension.
  case perChannel(scales: [Float], zeroPoints: [Int], axis: Int)
  /// One scale (and zero point, unless nil) for each block of `blockSize` elements along the last axis. The values are in other
  /// tensors of the subgraph, named by their index.
  case blockwise(scales: Int, zeroPoints: Int?, blockSize: Int)

  public func hash(into hasher: inout Hasher) {
    switch self {
    case .none: hasher.combine(0)
    case .perTensor(let scale, let zeroPoint):
      hasher.combine(1)
      hasher.combine(scale)
      hasher.combine(zeroPoint)
    case .perChannel(let scales, let zeroPoints, let axis):
      hasher.combine(2)
      hasher.combine(axis)
      Self.combine(scales, into: &hasher)
      Self.combine(zeroPoints, into: &hasher)
    case .blockwise(let scales, let zeroPoints, let blockSize):
      hasher.combine(3)
      hasher.combine(scales)
      hasher.combine(zeroPoints)
      hasher.combine(blockSize)
    }
  }

  /// All elements at once, which takes a tenth of the time, where equal ones have equal bytes: zero may have two forms.
  private static func combine<T: Numeric & Hashable & BitwiseCopyable>(_ values: [T], into hasher: inout Hasher) {
    guard T.self == Int.self || !values.contains(.zero) else {
      hasher.combine(values)
      return
    }
    unsafe values.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
  }

  /// The first (or only) scale; nil when there is none.
  public var scale: Float? {
    switch self {
    case .none, .blockwise: nil
    case .perTensor(let scale, _): scale
    case .perChannel(let scales, _, _): scales.first
    }
  }

  /// The first (or only) zero point; nil when there is none.
  public var zeroPoint: Int? {
    switch self {
    case .none, .blockwise: nil
    case .perTensor(_, let zeroPoint): zeroPoint
    case .perChannel(_, let zeroPoints, _): zeroPoints.first
    }
  }
}

/// Everything that is known of a tensor before its values are.
public struct TensorType: Sendable, Hashable {
  public var element: ElementType
  public var shape: Shape
  public var quantization: Quantization

  public init(element: ElementType, shape: Shape, quantization: Quantization = .none) {
    self.element = element
    self.shape = shape
    self.quantization = quantization
  }

  /// Bytes of the tensor's values; nil for strings, whose size depends on the values.
  public var byteCount: Int? { element.byteCount(of: shape.elementCount) }

  /// The same element type and quantisation with another shape.
  public func with(shape: Shape) -> TensorType {
    TensorType(element: element, shape: shape, quantization: quantization)
  }
}

extension TensorType: CustomStringConvertible {
  public var description: String { "\(element)\(shape)" }
}
