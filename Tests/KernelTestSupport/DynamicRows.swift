/// What is left of rows that are quantised to 8 bits while a model runs, in double precision.
public enum DynamicRows {
  /// The row after it was quantised and made real again.
  public static func quantized(_ row: [Double], asymmetric: Bool) -> [Double] {
    guard asymmetric else {
      let range = row.map(abs).max() ?? 0
      return range == 0 ? row : row.map { ($0 * 127 / range).rounded() * range / 127 }
    }
    let low = min(row.min() ?? 0, 0)
    let high = max(row.max() ?? 0, 0)
    guard low < high else { return row }
    let scale = (high - low) / 255
    let zeroPoint = min(max((-128 - low / scale).rounded(), -128), 127)
    return row.map { (min(max((zeroPoint + $0 / scale).rounded(), -128), 127) - zeroPoint) * scale }
  }
}

/// Weights with the precision of integers.
public struct QuantizedWeights<T: FixedWidthInteger & BitwiseCopyable> {
  public let values: [T]
  public let scale: Float
  /// What the integers stand for.
  public var reals: [Double] { values.map { Double($0) * Double(scale) } }

  /// The nearest integers, with a scale that makes use of the type's range.
  public init(_ reals: [Double]) {
    let range = max(reals.map(abs).max() ?? 0, 1e-6)
    let scale = Float(range / Double(T.max))
    self.scale = scale
    values = reals.map { T(min(max(($0 / Double(scale)).rounded(), -Double(T.max)), Double(T.max))) }
  }

  /// The nearest integers with a given scale.
  public init(_ reals: [Double], scale: Float) {
    self.scale = scale
    values = reals.map { T(min(max(($0 / Double(scale)).rounded(), Double(T.min)), Double(T.max))) }
  }
}
