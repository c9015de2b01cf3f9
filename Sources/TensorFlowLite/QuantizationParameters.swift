/// How the integers of a quantised tensor stand for real numbers: `real = scale * (quantized - zeroPoint)`.
public struct QuantizationParameters: Equatable, Hashable, Sendable {
  /// How far apart the real values of neighbouring integers are.
  public let scale: Float

  /// The integer that stands for 0.
  public let zeroPoint: Int

  init(scale: Float, zeroPoint: Int) {
    self.scale = scale
    self.zeroPoint = zeroPoint
  }
}
