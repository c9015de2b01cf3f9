/// The activations of recurrent cells, on a row of floats in place.
///
/// Unlike in feed-forward operators, `TANH` and `SIGN_BIT` have kernels. NaN becomes the lower end of a clamp, as in TFLite.
enum RecurrentActivation: Sendable, Hashable {
  case logistic
  case fused(FusedActivation)

  func apply(_ x: inout MutableSpan<Float>) {
    switch self {
    case .logistic, .fused(.none): if self == .logistic { FloatFunction.logistic.apply(&x) }
    case .fused(.relu): map(&x) { $0 > 0 ? $0 : 0 }
    case .fused(.reluN1To1):
      map(&x) {
        let low: Float = $0 > 1 ? 1 : $0
        return low > -1 ? low : -1
      }
    case .fused(.relu6):
      map(&x) {
        let low: Float = $0 > 6 ? 6 : $0
        return low > 0 ? low : 0
      }
    case .fused(.tanh): FloatFunction.tanh.apply(&x)
    case .fused(.signBit): map(&x) { $0.sign == .minus ? 1 : 0 }
    }
  }

  @inline(__always)
  private func map(_ x: inout MutableSpan<Float>, _ body: (Float) -> Float) {
    for i in x.indices { x[i] = body(x[i]) }
  }
}

/// Elementwise steps of recurrent cells on rows of equal length.
enum RecurrentRow {
  /// `x += a`.
  static func add(_ x: inout MutableSpan<Float>, _ a: Span<Float>) {
    precondition(x.count == a.count)
    for i in a.indices { x[i] = x[i] + a[i] }
  }

  /// `x *= a`.
  static func multiply(_ x: inout MutableSpan<Float>, _ a: Span<Float>) {
    precondition(x.count == a.count)
    for i in a.indices { x[i] = a[i] * x[i] }
  }

  /// `x = a * x + b * (1 - a)`.
  static func blend(_ x: inout MutableSpan<Float>, _ a: Span<Float>, _ b: Span<Float>) {
    precondition(x.count == a.count && x.count == b.count)
    for i in a.indices { x[i] = a[i] * x[i] + b[i] * (1 - a[i]) }
  }

  /// `x = a * x + b * c`.
  static func blend(_ x: inout MutableSpan<Float>, _ a: Span<Float>, _ b: Span<Float>, _ c: Span<Float>) {
    precondition(x.count == a.count && x.count == b.count && x.count == c.count)
    for i in a.indices { x[i] = a[i] * x[i] + b[i] * c[i] }
  }

  /// `x += a * b`.
  static func addProduct(_ x: inout MutableSpan<Float>, _ a: Span<Float>, _ b: Span<Float>) {
    precondition(x.count == a.count && x.count == b.count)
    for i in a.indices { x[i] = x[i] + a[i] * b[i] }
  }

  /// `x += (scale * a) * b` for quantised `a`.
  static func addProduct(_ x: inout MutableSpan<Float>, _ a: Span<Int8>, scale: Float, _ b: Span<Float>) {
    precondition(x.count == a.count && x.count == b.count)
    for i in a.indices { x[i] = x[i] + scale * Float(a[i]) * b[i] }
  }

  /// `x += (sums - zeroPoint * rowSums) * scale`.
  static func addScaled(
    _ x: inout MutableSpan<Float>, _ sums: Span<Int32>, _ rowSums: Span<Int32>, zeroPoint: Int32, scale: Float
  ) {
    precondition(x.count == sums.count && x.count == rowSums.count)
    for i in sums.indices { x[i] = x[i] + Float(sums[i] &- zeroPoint &* rowSums[i]) * scale }
  }

  /// `x = limit` where it is larger, `-limit` where it is smaller; no limit when it is 0.
  static func clip(_ x: inout MutableSpan<Float>, _ limit: Float) {
    guard limit > 0 else { return }
    for i in x.indices {
      let low = x[i] < limit ? x[i] : limit
      x[i] = low < -limit ? -limit : low
    }
  }

  static func copy(_ a: Span<Float>, to x: inout MutableSpan<Float>) {
    precondition(x.count == a.count)
    for i in a.indices { x[i] = a[i] }
  }

  static func fill(_ x: inout MutableSpan<Float>, _ value: Float) {
    for i in x.indices { x[i] = value }
  }

  /// Mean 0 and variance 1, then times `coefficients`, plus `bias`.
  static func normalize(_ x: inout MutableSpan<Float>, coefficients: Span<Float>, bias: Span<Float>) {
    precondition(x.count == coefficients.count && x.count == bias.count)
    let count = Float(x.count)
    var sum: Float = 0
    for i in x.indices { sum += x[i] }
    let mean = sum / count
    var squares: Float = 0
    for i in x.indices {
      let difference = x[i] - mean
      squares += difference * difference
    }
    let inverse = 1 / (squares / count + 1e-8).squareRoot()
    for i in coefficients.indices { x[i] = (x[i] - mean) * inverse * coefficients[i] + bias[i] }
  }
}
