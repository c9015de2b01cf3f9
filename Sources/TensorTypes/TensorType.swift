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
