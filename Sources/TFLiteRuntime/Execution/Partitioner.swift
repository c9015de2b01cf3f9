/// Groups the nodes that a delegate accepts into regions: connected through tensors, and such that running each region as one step
/// leaves an order of execution (no path leaves a region and comes back).
///
/// A pure function over node numbers in execution order.
enum Partitioner {
  /// Above this many nodes regions are runs of neighbours, which need no search for paths.
  static let exactLimit = 20_000

  /// - Parameters:
  ///   - accepted: whether the delegate takes each node.
  ///   - successors: for each node, the nodes that read its outputs; each is larger than the node itself.
  ///   - others: regions of other delegates, which the new ones must not form a cycle with.
  /// - Returns: regions of at least `minimumNodes`, at most `maximumPartitions` (the largest, earlier ones first among equals), each sorted,
  ///   in order of their first node.
  static func regions(
    accepted: [Bool], successors: [[Int]], others: [[Int]] = [], minimumNodes: Int, maximumPartitions: Int?
  ) -> [[Int]] {
    let regions =
      accepted.count <= exactLimit
      ? connectedRegions(accepted: accepted, successors: successors, others: others)
      : neighbouringRegions(accepted: accepted)
    return limited(regions, minimumNodes: minimumNodes, maximumPartitions: maximumPartitions)
  }

  private static func limited(_ regions: [[Int]], minimumNodes: Int, maximumPartitions: Int?) -> [[Int]] {
    var regions = regions
    regions.removeAll { $0.count < minimumNodes }
    if let maximum = maximumPartitions, regions.count > maximum {
      regions.sort { ($1.count, $0[0]) < ($0.count, $1[0]) }
      regions.removeLast(regions.count - max(maximum, 0))
    }
    return regions.sorted { $0[0] < $1[0] }
  }

  /// Regions where the delegate may have said which nodes belong together.
  ///
  /// - Parameter assigned: for each node the partition that the delegate wants it in; nil where it leaves that open. The nodes of one partition
  ///   become one region, or several where one would depend on itself through other nodes.
  static func regions(
    accepted: [Bool], assigned: [Int?], successors: [[Int]], others: [[Int]] = [], minimumNodes: Int,
    maximumPartitions: Int?
  ) -> [[Int]] {
    var groups: [Int: [Int]] = [:]
    for (node, partition) in assigned.enumerated() where accepted[node] {
      if let partition { groups[partition, default: []].append(node) }
    }
    guard !groups.isEmpty else {
      return regions(
        accepted: accepted, successors: successors, others: others, minimumNodes: minimumNodes,
        maximumPartitions: maximumPartitions)
    }
    let wanted = groups.values.sorted { $0[0] < $1[0] }
    var result: [[Int]] = []
    let fits = hasOrder(count: accepted.count, successors: successors, regions: others + wanted)
    for group in wanted {
      if fits {
        result.append(group)
        continue
      }
      if hasOrder(count: accepted.count, successors: successors, regions: others + result + [group]) {
        result.append(group)
        continue
      }
      var members = [Bool](repeating: false, count: accepted.count)
      for node in group { members[node] = true }
      result += regions(
        accepted: members, successors: successors, others: others + result, minimumNodes: 1, maximumPartitions: nil)
    }
    let open = zip(accepted, assigned).map { $0 && $1 == nil }
    if open.contains(true) {
      result += regions(
        accepted: open, successors: successors, others: others + result, minimumNodes: 1, maximumPartitions: nil)
    }
    return limited(result, minimumNodes: minimumNodes, maximumPartitions: maximumPartitions)
  }

  /// Whether there is an order of execution in which each region's nodes stand together.
  private static func hasOrder(count: Int, successors: [[Int]], regions: [[Int]]) -> Bool {
    let units = order(count: count, successors: successors, regions: regions)
    let ordered = units.reduce(0) { total, unit in
      if case .region(let nodes) = unit { return total + nodes.count }
      return total + 1
    }
    return ordered == count
  }

  private static func neighbouringRegions(accepted: [Bool]) -> [[Int]] {
    var regions: [[Int]] = []
    for node in accepted.indices where accepted[node] {
      if let last = regions.last?.last, last == node - 1 {
        regions[regions.count - 1].append(node)
      } else {
        regions.append([node])
      }
    }
    return regions
  }

  private static func connectedRegions(accepted: [Bool], successors: [[Int]], others: [[Int]]) -> [[Int]] {
    let count = accepted.count
    var predecessors = [[Int]](repeating: [], count: count)
    for (node, next) in successors.enumerated() {
      for successor in next where predecessors[successor].last != node { predecessors[successor].append(node) }
    }
    // The unit (region or single node) that a node belongs to, and each unit's members.
    var unit = Array(0..<count)
    var members = (0..<count).map { [$0] }
    for region in others {
      for node in region {
        unit[node] = region[0]
        members[node] = []
      }
      members[region[0]] = region
    }
    var mark = [Int](repeating: -1, count: count)
    var stamp = 0

    /// Whether a path leads from one unit to another through at least one unit besides them. Edges only lead upwards, so a path past `last`,
    /// the largest node of these regions so far, comes back only through a region of another delegate.
    func hasDetour(from start: Int, to end: Int, last: Int) -> Bool {
      stamp += 1
      var stack: [Int] = []
      mark[start] = stamp
      func visit(_ current: Int, isStart: Bool) -> Bool {
        for member in members[current] {
          for successor in successors[member] where successor <= last || !others.isEmpty {
            let next = unit[successor]
            if next == end {
              if !isStart { return true }
            } else if mark[next] != stamp {
              mark[next] = stamp
              stack.append(next)
            }
          }
        }
        return false
      }
      if visit(start, isStart: true) { return true }
      while let current = stack.popLast() {
        if visit(current, isStart: false) { return true }
      }
      return false
    }

    for node in 0..<count where accepted[node] {
      for predecessor in predecessors[node] where accepted[predecessor] {
        let a = unit[predecessor]
        let b = unit[node]
        if a == b { continue }
        if hasDetour(from: a, to: b, last: node) || hasDetour(from: b, to: a, last: node) { continue }
        let (kept, gone) = a < b ? (a, b) : (b, a)
        for member in members[gone] { unit[member] = kept }
        members[kept] += members[gone]
        members[gone] = []
      }
    }
    return members.indices.filter { !members[$0].isEmpty && accepted[members[$0][0]] }.map { members[$0].sorted() }
  }

  /// An order of execution in which each region's nodes stand together: units in the order of their first node as far as their inputs allow.
  static func order(count: Int, successors: [[Int]], regions: [[Int]]) -> [Unit] {
    var unit = Array(0..<count)
    var members = (0..<count).map { [$0] }
    var isRegion = [Bool](repeating: false, count: count)
    for region in regions {
      guard let first = region.first else { continue }
      isRegion[first] = true
      for node in region {
        unit[node] = first
        if node != first { members[node] = [] }
      }
      members[first] = region
    }
    var waiting = [Int](repeating: 0, count: count)
    for (node, next) in successors.enumerated() {
      for successor in next where unit[successor] != unit[node] { waiting[unit[successor]] += 1 }
    }
    // A unit runs as soon as all before it ran; among those that can, the one with the smallest number.
    var ready = MinimumHeap()
    for index in 0..<count where !members[index].isEmpty && waiting[index] == 0 { ready.insert(index) }
    var result: [Unit] = []
    result.reserveCapacity(count)
    while let next = ready.removeMinimum() {
      result.append(isRegion[next] ? .region(members[next]) : .node(next))
      for member in members[next] {
        for successor in successors[member] where unit[successor] != next {
          waiting[unit[successor]] -= 1
          if waiting[unit[successor]] == 0 { ready.insert(unit[successor]) }
        }
      }
    }
    return result
  }

  /// What runs as one step.
  enum Unit: Equatable {
    case node(Int)
    case region([Int])
  }
}

/// A binary heap of integers.
struct MinimumHeap {
  private var elements: [Int] = []

  mutating func insert(_ value: Int) {
    elements.append(value)
    var child = elements.count - 1
    while child > 0, elements[(child - 1) / 2] > elements[child] {
      elements.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func removeMinimum() -> Int? {
    guard let minimum = elements.first else { return nil }
    let last = elements.removeLast()
    if !elements.isEmpty {
      elements[0] = last
      var parent = 0
      while true {
        var smallest = parent
        for child in [2 * parent + 1, 2 * parent + 2]
        where child < elements.count && elements[child] < elements[smallest] {
          smallest = child
        }
        if smallest == parent { break }
        elements.swapAt(parent, smallest)
        parent = smallest
      }
    }
    return minimum
  }
}
