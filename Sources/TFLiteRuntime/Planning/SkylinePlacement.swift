/// Drops buffers one by one onto the highest end so far in their lifetimes, in O(log sections) each: for parts too large for anything
/// better. Never fills a gap below.
struct SkylinePlacement {
  private(set) var offsets: [Int]
  private(set) var height = 0
  /// A binary tree over the sections, the children of node i at 2i and 2i + 1: the highest end in each node's sections, and the highest
  /// end that covers all of them.
  private var highest: [Int]
  private var covering: [Int]
  private let leafCount: Int

  init(_ problem: PlanningProblem) {
    offsets = [Int](repeating: 0, count: problem.items.count)
    var leafCount = 1
    while leafCount < problem.sectionCount { leafCount *= 2 }
    self.leafCount = leafCount
    highest = [Int](repeating: 0, count: 2 * leafCount)
    covering = highest
  }

  /// Places the items that `order` lists; those with fixed offsets come first, and the others lie above them.
  mutating func place(_ problem: PlanningProblem, order: [Int]) {
    for index in order {
      guard let offset = problem.items[index].fixedOffset else { continue }
      put(problem.items[index], index, at: offset)
    }
    for index in order where problem.items[index].fixedOffset == nil {
      let item = problem.items[index]
      let mask = item.alignment - 1
      let end = highestEnd(item.firstSection...item.lastSection, node: 1, nodeStart: 0, nodeCount: leafCount)
      put(item, index, at: (end + mask) & ~mask)
    }
  }

  private mutating func put(_ item: PlanningProblem.Item, _ index: Int, at offset: Int) {
    offsets[index] = offset
    height = max(height, offset + item.size)
    raise(item.firstSection...item.lastSection, to: offset + item.size, node: 1, nodeStart: 0, nodeCount: leafCount)
  }

  private func highestEnd(_ sections: ClosedRange<Int>, node: Int, nodeStart: Int, nodeCount: Int) -> Int {
    if sections.upperBound < nodeStart || nodeStart + nodeCount <= sections.lowerBound { return 0 }
    if sections.lowerBound <= nodeStart && nodeStart + nodeCount - 1 <= sections.upperBound { return highest[node] }
    let half = nodeCount / 2
    let left = highestEnd(sections, node: 2 * node, nodeStart: nodeStart, nodeCount: half)
    let right = highestEnd(sections, node: 2 * node + 1, nodeStart: nodeStart + half, nodeCount: half)
    return max(covering[node], left, right)
  }

  private mutating func raise(_ sections: ClosedRange<Int>, to end: Int, node: Int, nodeStart: Int, nodeCount: Int) {
    if sections.upperBound < nodeStart || nodeStart + nodeCount <= sections.lowerBound { return }
    highest[node] = max(highest[node], end)
    if sections.lowerBound <= nodeStart && nodeStart + nodeCount - 1 <= sections.upperBound {
      covering[node] = max(covering[node], end)
      return
    }
    let half = nodeCount / 2
    raise(sections, to: end, node: 2 * node, nodeStart: nodeStart, nodeCount: half)
    raise(sections, to: end, node: 2 * node + 1, nodeStart: nodeStart + half, nodeCount: half)
  }
}
