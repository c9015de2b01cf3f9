import KernelTestSupport
import Testing

@testable import TFLiteRuntime

/// Regions of random graphs, checked with slow code that follows the definition.
@Suite struct PartitionerTests {
  struct Problem {
    var accepted: [Bool]
    var successors: [[Int]]

    init(seed: UInt64) {
      var random = SeededGenerator(seed: seed)
      let count = Int.random(in: 0...24, using: &random)
      // Sparse and dense, with long and with short edges.
      let degree = Int.random(in: 1...4, using: &random)
      let reach = Int.random(in: 1...24, using: &random)
      let chance = Int.random(in: 1...10, using: &random)
      successors = [[Int]](repeating: [], count: count)
      for node in 1..<max(count, 1) {
        for _ in 0..<Int.random(in: 0...degree, using: &random) {
          let from = Int.random(in: max(0, node - reach)..<node, using: &random)
          if successors[from].last != node { successors[from].append(node) }
        }
      }
      accepted = (0..<count).map { _ in Int.random(in: 1...10, using: &random) <= chance }
    }

    /// Whether a path leads from one node to another, for all pairs.
    var reaches: [[Bool]] {
      var table = successors.map { next in accepted.indices.map { next.contains($0) } }
      for middle in accepted.indices {
        for from in accepted.indices where table[from][middle] {
          for to in accepted.indices where table[middle][to] { table[from][to] = true }
        }
      }
      return table
    }

    func isConnected(_ region: [Int]) -> Bool {
      guard let first = region.first else { return false }
      var seen: Set = [first]
      var grows = true
      while grows {
        let next = region.filter { node in
          !seen.contains(node)
            && seen.contains { successors[$0].contains(node) || successors[node].contains($0) }
        }
        seen.formUnion(next)
        grows = !next.isEmpty
      }
      return seen.count == region.count
    }
  }

  @Test func regionsKeepWhatTheyPromise() {
    for seed in 0..<3000 as Range<UInt64> {
      let problem = Problem(seed: seed)
      let reaches = problem.reaches
      let regions = Partitioner.regions(
        accepted: problem.accepted, successors: problem.successors, minimumNodes: 1, maximumPartitions: nil)
      var covered = Set<Int>()
      for region in regions {
        let members = Set(region)
        let isSortedAndDisjoint = region == members.sorted() && covered.isDisjoint(with: members)
        let isConvex = !problem.accepted.indices.contains { outside in
          !members.contains(outside) && region.contains { reaches[$0][outside] }
            && region.contains { reaches[outside][$0] }
        }
        #expect(isSortedAndDisjoint && isConvex && problem.isConnected(region), "seed \(seed): \(region)")
        covered.formUnion(region)
      }
      #expect(covered == Set(problem.accepted.indices.filter { problem.accepted[$0] }), "seed \(seed)")
      #expect(regions.map { $0[0] } == regions.map { $0[0] }.sorted(), "seed \(seed)")
      checkOrder(problem, regions, seed)
    }
  }

  /// Each delegate's regions may be convex and still wait for one another.
  @Test func regionsOfSeveralDelegatesHaveAnOrder() {
    for seed in 0..<3000 as Range<UInt64> {
      let problem = Problem(seed: seed)
      var random = SeededGenerator(seed: ~seed)
      let delegate = problem.accepted.map { _ in Int.random(in: 0..<3, using: &random) }
      var regions: [[Int]] = []
      for number in 0..<3 {
        regions += Partitioner.regions(
          accepted: delegate.map { $0 == number }, successors: problem.successors, others: regions, minimumNodes: 1,
          maximumPartitions: nil)
      }
      checkOrder(problem, regions, seed)
    }
  }

  /// Every node once, each after all that it reads, the nodes of a region together.
  private func checkOrder(_ problem: Problem, _ regions: [[Int]], _ seed: UInt64) {
    let order = Partitioner.order(count: problem.accepted.count, successors: problem.successors, regions: regions)
    var units: [[Int]] = []
    for unit in order {
      switch unit {
      case .node(let node): units.append([node])
      case .region(let nodes): units.append(nodes)
      }
    }
    #expect(Set(order.compactMap { if case .region(let nodes) = $0 { nodes } else { nil } }) == Set(regions))
    var position = [Int](repeating: -1, count: problem.accepted.count)
    for (index, node) in units.joined().enumerated() { position[node] = index }
    #expect(units.joined().count == problem.accepted.count && !position.contains(-1), "seed \(seed)")
    for (node, next) in problem.successors.enumerated() {
      #expect(next.allSatisfy { position[node] < position[$0] }, "seed \(seed): node \(node)")
    }
  }

  @Test func smallestAndMost() {
    for seed in 0..<500 as Range<UInt64> {
      let problem = Problem(seed: seed)
      let all = Partitioner.regions(
        accepted: problem.accepted, successors: problem.successors, minimumNodes: 1, maximumPartitions: nil)
      for minimum in [0, 2, 3, 100] {
        let kept = Partitioner.regions(
          accepted: problem.accepted, successors: problem.successors, minimumNodes: minimum, maximumPartitions: nil)
        #expect(kept == all.filter { $0.count >= minimum })
      }
      for maximum in [-1, 0, 1, 2, 100] {
        let kept = Partitioner.regions(
          accepted: problem.accepted, successors: problem.successors, minimumNodes: 1, maximumPartitions: maximum)
        // The largest; of equal ones the earlier.
        let wanted = all.enumerated().sorted { ($1.element.count, $0.offset) < ($0.element.count, $1.offset) }
          .prefix(max(maximum, 0)).map(\.offset).sorted().map { all[$0] }
        #expect(kept == wanted, "seed \(seed), at most \(maximum)")
      }
    }
  }

  @Test func wholeChainIsOneRegion() {
    let count = 5000
    let successors = (0..<count).map { $0 + 1 < count ? [$0 + 1] : [] }
    let regions = Partitioner.regions(
      accepted: [Bool](repeating: true, count: count), successors: successors, minimumNodes: 1, maximumPartitions: nil)
    #expect(regions == [Array(0..<count)])
  }

  @Test func veryLargeGraphsAreCutIntoNeighbours() {
    let count = Partitioner.exactLimit + 1
    let successors = (0..<count).map { $0 + 1 < count ? [$0 + 1] : [] }
    let accepted = (0..<count).map { $0 % 1000 != 0 }
    let regions = Partitioner.regions(
      accepted: accepted, successors: successors, minimumNodes: 1, maximumPartitions: nil)
    #expect(regions.map { $0[0] } == (0..<count).filter { $0 % 1000 == 1 })
    #expect(regions.reduce(0) { $0 + $1.count } == accepted.count { $0 })
  }

  @Test func heapSorts() {
    var random = SeededGenerator(seed: 1)
    for count in [0, 1, 2, 3, 50] {
      let values = random.integers(count, in: -20...20)
      var heap = MinimumHeap()
      for value in values { heap.insert(value) }
      var sorted: [Int] = []
      while let value = heap.removeMinimum() { sorted.append(value) }
      #expect(sorted == values.sorted())
    }
  }
}
