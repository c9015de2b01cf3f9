/// When waiting requests are run together.
package struct BatchPolicy: Sendable, Hashable {
  /// The largest first dimension of a batch; 0 for models that take no batches.
  package var maximumSize: Int
  /// Sizes worth stopping at, ascending; none for the maximum alone.
  package var preferredSizes: [Int]
  /// How long the oldest request may wait for others, in nanoseconds.
  package var maximumDelay: UInt64
  /// Whether requests are joined at all.
  package var isDynamic: Bool

  package init(
    maximumSize: Int = 0, preferredSizes: [Int] = [], maximumDelay: UInt64 = 0, isDynamic: Bool = false
  ) {
    self.maximumSize = maximumSize
    self.preferredSizes = preferredSizes
    self.maximumDelay = maximumDelay
    self.isDynamic = isDynamic
  }

  package enum Decision: Equatable {
    /// Run this many of the first requests together.
    case run(Int)
    /// Wait for more until this time.
    case wait(until: UInt64)
  }

  /// What to do with waiting requests.
  ///
  /// - Parameters:
  ///   - sizes: batch sizes of the requests that may be joined, oldest first; not empty.
  ///   - isBlocked: whether a request waits behind these that cannot be joined with them.
  ///   - oldest: when the first of them came.
  package func decide(_ sizes: [Int], isBlocked: Bool, oldest: UInt64, now: UInt64) -> Decision {
    guard isDynamic, maximumSize > 1 else { return .run(1) }
    var total = 0
    var count = 0
    var preferred = 0
    for size in sizes {
      guard size <= maximumSize - total else { break }
      total += size
      count += 1
      if preferredSizes.contains(total) { preferred = count }
    }
    count = max(count, 1)
    let isFull = total >= maximumSize || count < sizes.count || isBlocked
    let largest = preferredSizes.last ?? maximumSize
    if isFull || total >= largest { return .run(preferred > 0 ? preferred : count) }
    let due = oldest.addingReportingOverflow(maximumDelay)
    if due.overflow || now < due.partialValue { return .wait(until: due.overflow ? UInt64.max : due.partialValue) }
    return .run(preferred > 0 ? preferred : count)
  }
}
