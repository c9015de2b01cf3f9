/// Places buffers one by one, in a given order, into the gaps between those that are already placed.
struct GreedyPlacement {
  enum Rule {
    /// The lowest gap that is large enough.
    case firstFit
    /// The smallest gap that is large enough, the space above everything last. TFLite's rule.
    case bestFit
  }

  private struct Block {
    var start: Int
    var end: Int
    var firstSection: Int
    var lastSection: Int
  }

  /// By ascending offset.
  private var blocks: [Block] = []
  private(set) var offsets: [Int]
  /// The highest end of a buffer.
  private(set) var height = 0

  init(_ problem: PlanningProblem) {
    offsets = [Int](repeating: 0, count: problem.items.count)
    blocks.reserveCapacity(problem.items.count)
  }

  /// Places the items that `order` lists. Buffers with fixed offsets come first whatever the order says.
  mutating func place(_ problem: borrowing PlanningProblem, order: [Int], rule: Rule) {
    blocks.removeAll(keepingCapacity: true)
    height = 0
    if problem.hasFixedOffsets {
      for index in order {
        if let offset = problem.items[index].fixedOffset { insert(problem.items[index], index, at: offset) }
      }
    }
    for index in order {
      let item = problem.items[index]
      if item.fixedOffset == nil { insert(item, index, at: offset(for: item, rule)) }
    }
  }

  private func offset(for item: PlanningProblem.Item, _ rule: Rule) -> Int {
    let mask = item.alignment - 1
    var top = 0
    var best = -1
    var bestGap = Int.max
    for block in blocks where block.firstSection <= item.lastSection && item.firstSection <= block.lastSection {
      let gap = block.start - top
      if gap >= item.size && gap < bestGap {
        best = top
        bestGap = gap
        if rule == .firstFit { return best }
      }
      if block.end > top { top = (block.end + mask) & ~mask }
    }
    return best >= 0 ? best : top
  }

  private mutating func insert(_ item: PlanningProblem.Item, _ index: Int, at offset: Int) {
    offsets[index] = offset
    let end = offset + item.size
    height = max(height, end)
    var low = 0
    var high = blocks.count
    while low < high {
      let middle = (low + high) / 2
      if blocks[middle].start < offset { low = middle + 1 } else { high = middle }
    }
    blocks.insert(
      Block(start: offset, end: end, firstSection: item.firstSection, lastSection: item.lastSection), at: low)
  }
}
