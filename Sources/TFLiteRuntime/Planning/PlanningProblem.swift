/// Buffers as the algorithms see them: checked, without empty ones, sizes rounded up to alignments, and time compressed.
///
/// Time is cut into *sections*, numbered in order. A section stands for a largest set of buffers live at the same time: a step whose live
/// buffers are a subset of a neighbouring step's adds no constraint and has no section. Two buffers conflict exactly if they share a
/// section.
struct PlanningProblem {
  struct Item {
    /// Bytes occupied.
    var size: Int
    var alignment: Int
    var firstSection: Int
    var lastSection: Int
    var fixedOffset: Int?

    /// Number of sections in which the buffer is live.
    var length: Int { lastSection - firstSection + 1 }

    @inline(__always) func conflicts(with other: Item) -> Bool {
      firstSection <= other.lastSection && other.firstSection <= lastSection
    }
  }

  var items: [Item] = []
  /// Position in the caller's list of each item.
  var sources: [Int] = []
  var sectionCount = 0
  /// Bytes live in each section.
  var loads: [Int] = []
  /// No plan needs fewer bytes.
  var lowerBound = 0
  /// Whether an offset that is a sum of sizes can still be misaligned.
  var hasMixedAlignment = false
  var hasFixedOffsets = false

  init(_ buffers: [ArenaBuffer]) throws(PlanningError) {
    var total = 0
    for (index, buffer) in buffers.enumerated() {
      let size = try Self.occupiedSize(buffer, index: index)
      // No algorithm reaches beyond all sizes, alignment gaps and fixed ends laid end to end; a quarter of `Int` keeps sums of those exact.
      for term in [size, buffer.alignment, buffer.fixedOffset ?? 0] {
        let (sum, overflow) = total.addingReportingOverflow(term)
        guard !overflow, sum <= Int.max / 4 else { throw .sizeOverflow(buffer: index) }
        total = sum
      }
      guard size > 0 else { continue }
      items.append(
        Item(size: size, alignment: buffer.alignment, firstSection: 0, lastSection: 0, fixedOffset: buffer.fixedOffset))
      sources.append(index)
    }
    assignSections(buffers)
    loads = Self.loads(items, sectionCount: sectionCount)
    lowerBound = loads.max() ?? 0
    let divisor = items.reduce(0) { Self.greatestCommonDivisor($0, $1.size) }
    hasMixedAlignment = items.contains { divisor % $0.alignment != 0 }
    for item in items {
      guard let fixedOffset = item.fixedOffset else { continue }
      hasFixedOffsets = true
      lowerBound = max(lowerBound, fixedOffset + item.size)
    }
    if hasFixedOffsets { try checkFixedOffsets() }
  }

  private static func occupiedSize(_ buffer: ArenaBuffer, index: Int) throws(PlanningError) -> Int {
    guard buffer.size >= 0 else { throw .negativeSize(buffer: index) }
    guard buffer.alignment > 0, buffer.alignment.nonzeroBitCount == 1 else { throw .invalidAlignment(buffer: index) }
    guard buffer.firstUse <= buffer.lastUse else { throw .reversedLifetime(buffer: index) }
    if let fixedOffset = buffer.fixedOffset {
      guard fixedOffset >= 0, fixedOffset % buffer.alignment == 0 else { throw .invalidFixedOffset(buffer: index) }
      return buffer.size
    }
    let (sum, overflow) = buffer.size.addingReportingOverflow(buffer.alignment - 1)
    guard !overflow else { throw .sizeOverflow(buffer: index) }
    return sum & ~(buffer.alignment - 1)
  }

  /// A step is worth a section if a buffer starts there and another ends before the next start.
  private mutating func assignSections(_ buffers: [ArenaBuffer]) {
    let starts = Array(Set(sources.map { buffers[$0].firstUse })).sorted()
    let ends = sources.map { buffers[$0].lastUse }.sorted()
    var steps: [Int] = []
    var end = 0
    for (index, start) in starts.enumerated() {
      let isLast = index + 1 == starts.count
      var closes = false
      while end < ends.count, isLast || ends[end] < starts[index + 1] {
        closes = true
        end += 1
      }
      if closes { steps.append(start) }
    }
    sectionCount = steps.count
    for (index, source) in sources.enumerated() {
      items[index].firstSection = Self.firstIndex(in: steps, notBelow: buffers[source].firstUse)
      let (next, overflow) = buffers[source].lastUse.addingReportingOverflow(1)
      items[index].lastSection = (overflow ? steps.count : Self.firstIndex(in: steps, notBelow: next)) - 1
    }
  }

  private static func firstIndex(in sorted: [Int], notBelow value: Int) -> Int {
    var low = 0
    var high = sorted.count
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle] < value { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private static func loads(_ items: [Item], sectionCount: Int) -> [Int] {
    var changes = [Int](repeating: 0, count: sectionCount + 1)
    for item in items {
      changes[item.firstSection] += item.size
      changes[item.lastSection + 1] -= item.size
    }
    var live = 0
    return changes.dropLast().map { change in
      live += change
      return live
    }
  }

  private func checkFixedOffsets() throws(PlanningError) {
    let fixed = items.indices.filter { items[$0].fixedOffset != nil }
      .sorted { (items[$0].fixedOffset ?? 0, $0) < (items[$1].fixedOffset ?? 0, $1) }
    // In order of offset, remember per section how far the buffers so far reach, and whose end that is.
    var reach = [(end: Int, item: Int)](repeating: (0, -1), count: sectionCount)
    for index in fixed {
      let item = items[index]
      let start = item.fixedOffset ?? 0
      for section in item.firstSection...item.lastSection {
        if reach[section].end > start {
          let other = reach[section].item
          throw .overlappingFixedOffsets(first: sources[min(index, other)], second: sources[max(index, other)])
        }
        reach[section] = (start + item.size, index)
      }
    }
  }

  private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return a
  }
}
