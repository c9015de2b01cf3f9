/// The highest end of any buffer in each section, as a binary tree: the children of node i are at 2i and 2i + 1. Every operation takes
/// O(log sections).
struct Skyline {
  /// The highest end anywhere in a node's sections, and the highest end of a buffer that covers all of them.
  private var highest: [Int]
  private var covering: [Int]
  private let leafCount: Int

  init(sectionCount: Int) {
    var leafCount = 1
    while leafCount < sectionCount { leafCount *= 2 }
    self.leafCount = leafCount
    highest = [Int](repeating: 0, count: 2 * leafCount)
    covering = highest
  }

  /// The highest end in the sections.
  func highestEnd(in sections: ClosedRange<Int>) -> Int {
    highestEnd(sections, node: 1, nodeStart: 0, nodeCount: leafCount)
  }

  /// Notes that a buffer ends there in all of the sections.
  mutating func raise(_ sections: ClosedRange<Int>, to end: Int) {
    raise(sections, to: end, node: 1, nodeStart: 0, nodeCount: leafCount)
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

/// Drops buffers one by one onto the skyline of their sections: for parts too large for anything better. Never fills a gap below.
struct SkylinePlacement {
  private(set) var offsets: [Int]
  private(set) var height = 0
  private var skyline: Skyline

  init(_ problem: PlanningProblem) {
    offsets = [Int](repeating: 0, count: problem.items.count)
    skyline = Skyline(sectionCount: problem.sectionCount)
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
      put(item, index, at: (skyline.highestEnd(in: item.sections) + mask) & ~mask)
    }
  }

  private mutating func put(_ item: PlanningProblem.Item, _ index: Int, at offset: Int) {
    offsets[index] = offset
    height = max(height, offset + item.size)
    skyline.raise(item.sections, to: offset + item.size)
  }
}
