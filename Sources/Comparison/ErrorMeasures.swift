internal import Glibc

/// How far numbers depart from a reference.
///
/// Elements that are the same in both (equal, or both not a number) have no error. Where only one of the two is finite, or they are different
/// infinities, the error is infinite; such elements are counted in ``incomparable`` and left out of ``signalToNoise`` and ``cosine``.
package struct ErrorMeasures: Sendable, Hashable {
  package let count: Int
  /// Elements that differ at all.
  package let unequal: Int
  /// Differing elements of which at least one is infinite or not a number.
  package let incomparable: Int
  /// The largest `|value - reference|`; infinite where there are incomparable elements.
  package let maximumAbsolute: Double
  /// The mean of `|value - reference|` over all elements; infinite where there are incomparable elements.
  package let meanAbsolute: Double
  /// The largest magnitude of the reference's finite elements.
  package let magnitude: Double
  /// Ten times the decimal logarithm of `Σ reference² / Σ (value - reference)²`, in decibels; infinite without error, negative infinity where
  /// the reference is zero and the values are not.
  package let signalToNoise: Double
  /// The cosine of the angle between the two as vectors, in -1...1; 1 where both are zero, 0 where only one is.
  package let cosine: Double

  /// ``maximumAbsolute`` relative to ``magnitude``: 0 without error, infinite where the reference is zero and the values are not.
  package var relative: Double { maximumAbsolute == 0 ? 0 : maximumAbsolute / magnitude }

  /// Measures `values`; nil unless there are as many as in `reference`.
  package init?(_ values: [Double], reference: [Double]) {
    guard values.count == reference.count else { return nil }
    var magnitude = 0.0
    var largest = 0.0
    var unequal = 0
    var incomparable = 0
    for index in values.indices {
      let (value, expected) = (values[index], reference[index])
      if expected.isFinite { magnitude = max(magnitude, abs(expected)) }
      guard value.isFinite, expected.isFinite else {
        guard value == expected || value.isNaN && expected.isNaN else {
          unequal += 1
          incomparable += 1
          continue
        }
        continue
      }
      largest = max(largest, abs(value), abs(expected))
      if value != expected { unequal += 1 }
    }
    // Sums are of numbers in -1...1, so that squares neither overflow nor vanish.
    let scale = largest > 0 ? largest : 1
    var maximum = 0.0
    var sum = 0.0
    var noise = 0.0
    var energy = 0.0
    var referenceEnergy = 0.0
    var product = 0.0
    for index in values.indices where values[index].isFinite && reference[index].isFinite {
      let value = values[index] / scale
      let expected = reference[index] / scale
      let error = abs(value - expected)
      maximum = max(maximum, abs(values[index] - reference[index]))
      sum += error
      noise += error * error
      energy += value * value
      referenceEnergy += expected * expected
      product += value * expected
    }
    count = values.count
    self.unequal = unequal
    self.incomparable = incomparable
    self.magnitude = magnitude
    maximumAbsolute = incomparable > 0 ? .infinity : maximum
    meanAbsolute = incomparable > 0 ? .infinity : values.isEmpty ? 0 : sum / Double(values.count) * scale
    signalToNoise = noise == 0 ? .infinity : 10 * log10(referenceEnergy / noise)
    if unequal == incomparable {
      cosine = 1
    } else if energy == 0 || referenceEnergy == 0 {
      cosine = 0
    } else {
      cosine = min(max(product / (energy.squareRoot() * referenceEnergy.squareRoot()), -1), 1)
    }
  }
}
