internal import Glibc

/// Discrete Fourier transforms of complex numbers whose count is a power of two, `sum of x[j] * e^(-2πi jk / n)`, in place.
struct FourierTransform: Sendable {
  /// `e^(-2πi k / maximumLength)` for the first half of the circle.
  private let roots: [SIMD2<Double>]
  private let maximumLength: Int

  /// - Parameter maximumLength: a power of two; every power of two up to it can be transformed.
  init(maximumLength: Int) {
    self.maximumLength = maximumLength
    roots = (0..<maximumLength / 2).map { k in
      let angle = -2 * Double.pi * Double(k) / Double(maximumLength)
      return SIMD2(cos(angle), sin(angle))
    }
  }

  func run(_ z: inout MutableSpan<SIMD2<Double>>) {
    let count = z.count
    guard count > 1 else { return }
    precondition(count <= maximumLength && count & (count - 1) == 0)
    // Elements trade places with those whose index has the reversed bits.
    var reversed = 0
    for index in 1..<count {
      var bit = count >> 1
      while reversed & bit != 0 {
        reversed ^= bit
        bit >>= 1
      }
      reversed |= bit
      if index < reversed {
        let element = z[index]
        z[index] = z[reversed]
        z[reversed] = element
      }
    }
    var half = 1
    while half < count {
      let step = maximumLength / (2 * half)
      var start = 0
      while start < count {
        for k in 0..<half {
          let root = roots[k * step]
          let a = z[start + k]
          let b = z[start + half + k]
          let turned = SIMD2(b.x * root.x - b.y * root.y, b.x * root.y + b.y * root.x)
          z[start + k] = a + turned
          z[start + half + k] = a - turned
        }
        start += 2 * half
      }
      half *= 2
    }
  }
}
