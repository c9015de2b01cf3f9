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

    var sections: ClosedRange<Int> { firstSection...lastSection }

    func conflicts(with other: Item) -> Bool {
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
  /// Every end of a buffer resting on others, or on 0, is a multiple of this.
  var granule = 1

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
    granule = max(1, items.reduce(divisor) { Self.greatestCommonDivisor($0, hasMixedAlignment ? $1.alignment : 0) })
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

  /// The problems between which no buffer is live, in order of time. Their sections are renumbered from 0.
  func parts() -> [PlanningProblem] {
    var partOfSection = [Int](repeating: 0, count: sectionCount)
    var isConnected = [Int](repeating: 0, count: sectionCount + 1)
    for item in items {
      isConnected[item.firstSection] += 1
      isConnected[item.lastSection] -= 1
    }
    var starts: [Int] = []
    var crossing = 0
    for section in 0..<sectionCount {
      if crossing == 0 { starts.append(section) }
      partOfSection[section] = starts.count - 1
      crossing += isConnected[section]
    }
    if starts.count <= 1 { return items.isEmpty ? [] : [self] }
    var parts = starts.map { _ in
      var part = self
      part.items = []
      part.sources = []
      return part
    }
    for (item, source) in zip(items, sources) {
      let part = partOfSection[item.firstSection]
      var item = item
      item.firstSection -= starts[part]
      item.lastSection -= starts[part]
      parts[part].items.append(item)
      parts[part].sources.append(source)
    }
    for part in parts.indices {
      let end = part + 1 < starts.count ? starts[part + 1] : sectionCount
      parts[part].sectionCount = end - starts[part]
      parts[part].loads = Array(loads[starts[part]..<end])
      parts[part].lowerBound = parts[part].items.reduce(parts[part].loads.max() ?? 0) {
        max($0, ($1.fixedOffset ?? 0) + ($1.fixedOffset == nil ? 0 : $1.size))
      }
      parts[part].hasFixedOffsets = parts[part].items.contains { $0.fixedOffset != nil }
    }
    return parts
  }

  func floorToGranule(_ bytes: Int) -> Int { bytes / granule * granule }

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
    var skyline = Skyline(sectionCount: sectionCount)
    for (position, index) in fixed.enumerated() {
      let item = items[index]
      let start = item.fixedOffset ?? 0
      if skyline.highestEnd(in: item.sections) > start {
        let other = fixed[..<position].first {
          items[$0].conflicts(with: item) && (items[$0].fixedOffset ?? 0) + items[$0].size > start
        }
        let (a, b) = (sources[index], sources[other ?? index])
        throw .overlappingFixedOffsets(first: min(a, b), second: max(a, b))
      }
      skyline.raise(item.sections, to: start + item.size)
    }
  }

  private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return a
  }
}
