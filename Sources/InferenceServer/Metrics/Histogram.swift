/// Counts of values up to ascending bounds.
package struct Histogram: Sendable, Equatable {
  /// Upper bounds; values above the last are counted apart.
  package let bounds: [Double]
  /// One count for each bound and one for what is above, not cumulative.
  package private(set) var counts: [UInt64]
  package private(set) var sum = 0.0

  package init(bounds: [Double]) {
    self.bounds = bounds
    counts = [UInt64](repeating: 0, count: bounds.count + 1)
  }

  package mutating func record(_ value: Double) {
    counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
    sum += value
  }

  package var count: UInt64 { counts.reduce(0, +) }

  /// Microseconds from 50 to ten million.
  package static let latencyBounds: [Double] = [
    50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000,
    5_000_000, 10_000_000,
  ]
  package static let batchBounds: [Double] = [1, 2, 4, 8, 16, 32, 64, 128, 256]
}
