internal import Glibc

/// The discrete Fourier transform of real numbers, whose count is a power of two, in double precision.
///
/// The even and odd elements make the real and imaginary parts of a transform of half the size.
struct SpectralTransform: Sendable {
  /// Numbers that are transformed; at least 2.
  let count: Int
  /// `exp(-2πi k / count)` for `k` below half the count: cosines and sines in turn.
  private let factors: [Double]

  /// - Parameter count: a power of two, at least 2.
  init(count: Int) {
    self.count = count
    factors = (0..<count).map { index in
      let angle = -2 * Double.pi * Double(index / 2) / Double(count)
      return index % 2 == 0 ? cos(angle) : sin(angle)
    }
  }

  /// The squared magnitudes of frequencies 0 through `count / 2`.
  ///
  /// - Parameter values: `count` numbers; lost.
  func squaredMagnitudes(_ values: inout MutableSpan<Double>, store: (Int, Double) -> Void) {
    let half = count / 2
    reverseBits(&values, half)
    let factors = factors.span
    var size = 1
    while size < half {
      // The factor of butterfly `k` of this size is exp(-2πi k / (2 * size)).
      let step = count / (2 * size)
      var start = 0
      while start < half {
        for k in 0..<size {
          let (c, s) = (factors[2 * k * step], factors[2 * k * step + 1])
          let (top, bottom) = (2 * (start + k), 2 * (start + k + size))
          let real = values[bottom] * c - values[bottom + 1] * s
          let imaginary = values[bottom] * s + values[bottom + 1] * c
          values[bottom] = values[top] - real
          values[bottom + 1] = values[top + 1] - imaginary
          values[top] += real
          values[top + 1] += imaginary
        }
        start += 2 * size
      }
      size *= 2
    }
    // Frequency k of the whole is that of the even elements plus a rotated one of the odd elements.
    for k in 0...half {
      let (a, b) = (2 * (k % half), 2 * ((half - k) % half))
      let evenReal = (values[a] + values[b]) / 2
      let evenImaginary = (values[a + 1] - values[b + 1]) / 2
      let oddReal = (values[a + 1] + values[b + 1]) / 2
      let oddImaginary = (values[b] - values[a]) / 2
      let c = k == half ? -1 : factors[2 * k]
      let s = k == half ? 0 : factors[2 * k + 1]
      let real = evenReal + oddReal * c - oddImaginary * s
      let imaginary = evenImaginary + oddReal * s + oddImaginary * c
      store(k, real * real + imaginary * imaginary)
    }
  }

  /// Puts complex numbers in the order of their indices' bits read backwards.
  private func reverseBits(_ values: inout MutableSpan<Double>, _ half: Int) {
    var reversed = 0
    for index in 0..<half {
      if index < reversed {
        for part in 0..<2 {
          let value = values[2 * index + part]
          values[2 * index + part] = values[2 * reversed + part]
          values[2 * reversed + part] = value
        }
      }
      var bit = half >> 1
      while bit > 0, reversed & bit != 0 {
        reversed ^= bit
        bit >>= 1
      }
      reversed |= bit
    }
  }
}
