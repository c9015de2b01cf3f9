package import TFLiteRuntime
package import TensorTypes

/// Turns pixels of 0 to 255 into elements of an input.
package struct PixelConversion: Sendable, Hashable {
  /// `(pixel - mean) / standardDeviation` is the real value of an input element; both 127.5 where they are nil. Where both are nil, a uint8 input
  /// takes pixels as they are and an int8 input pixels minus 128, as its quantisation is then taken to cover 0 to 255.
  package let mean: Float?
  package let standardDeviation: Float?

  package init(mean: Float? = nil, standardDeviation: Float? = nil) {
    self.mean = mean
    self.standardDeviation = standardDeviation
  }

  /// Pixels as a tensor; `type` has as many elements.
  package func tensor(_ pixels: [UInt8], _ type: TensorType) throws(EvaluationError) -> Tensor {
    let tensor: Tensor?
    switch type.element {
    case .float32: tensor = mapped(pixels, type) { real($0) }
    case .float16: tensor = mapped(pixels, type) { Float16(real($0)) }
    case .uint8:
      let quantized = try isRaw ? nil : quantized(type, 0...255)
      tensor = mapped(pixels, type) { pixel in quantized.map { UInt8($0(pixel)) } ?? pixel }
    case .int8:
      let quantized = try isRaw ? nil : quantized(type, -128...127)
      tensor = mapped(pixels, type) { pixel in
        quantized.map { Int8($0(pixel)) } ?? Int8(truncatingIfNeeded: Int(pixel) - 128)
      }
    case .int16:
      let quantized = try quantized(type, -32768...32767)
      tensor = mapped(pixels, type) { Int16(quantized($0)) }
    default: throw EvaluationError(.model, "an image cannot fill an input of type \(type.element)")
    }
    guard let tensor else {
      throw EvaluationError(
        .dataset, "an image of \(pixels.count) values does not fill an input of shape \(type.shape)")
    }
    return tensor
  }

  private var isRaw: Bool { mean == nil && standardDeviation == nil }

  private func real(_ pixel: UInt8) -> Float { (Float(pixel) - (mean ?? 127.5)) / (standardDeviation ?? 127.5) }

  private func quantized(
    _ type: TensorType, _ range: ClosedRange<Float>
  ) throws(EvaluationError) -> (UInt8) -> Float {
    guard let scale = type.quantization.scale, let zeroPoint = type.quantization.zeroPoint, scale > 0 else {
      throw EvaluationError(.model, "a mean and a deviation need a quantised input; this one has no scale")
    }
    return { pixel in
      let value = (real(pixel) / scale).rounded(.toNearestOrAwayFromZero) + Float(zeroPoint)
      return value.isNaN ? Float(zeroPoint) : min(max(value, range.lowerBound), range.upperBound)
    }
  }

  private func mapped<T: TensorScalar>(_ pixels: [UInt8], _ type: TensorType, _ convert: (UInt8) -> T) -> Tensor? {
    let table = (0...UInt8.max).map(convert)
    return Tensor(pixels.map { table[Int($0)] }, shape: type.shape.dimensions)
  }
}
