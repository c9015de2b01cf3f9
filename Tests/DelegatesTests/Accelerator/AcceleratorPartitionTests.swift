import KernelTestSupport
import Testing

@testable import Delegates

/// Partitions of random graphs, from their definition.
@Suite struct AcceleratorPartitionTests {
  struct Problem {
    var accepted: [Bool]
    var successors: [[Int]]

    init(seed: UInt64) {
      var random = SeededGenerator(seed: seed)
      let count = Int.random(in: 0...30, using: &random)
      let chance = Int.random(in: 0...10, using: &random)
      accepted = (0..<count).map { _ in Int.random(in: 1...10, using: &random) <= chance }
      successors = [[Int]](repeating: [], count: count)
      for node in 1..<max(count, 1) {
        for _ in 0..<Int.random(in: 0...3, using: &random) {
          successors[Int.random(in: 0..<node, using: &random)].append(node)
        }
      }
    }
  }

  @Test func contiguousRunsAreMaximal() {
    for seed in 0..<500 as Range<UInt64> {
      let problem = Problem(seed: seed)
      let partitions = AcceleratorPartitions.contiguous(problem.accepted)
      #expect(partitions.flatMap { $0 } == problem.accepted.indices.filter { problem.accepted[$0] }, "seed \(seed)")
      for partition in partitions {
        #expect(partition == Array(partition[0]...partition[partition.count - 1]))
        #expect(partition[0] == 0 || !problem.accepted[partition[0] - 1])
        let after = partition[partition.count - 1] + 1
        #expect(after == problem.accepted.count || !problem.accepted[after])
      }
    }
  }

  @Test func weaklyConnectedIsReachability() {
    for seed in 0..<500 as Range<UInt64> {
      let problem = Problem(seed: seed)
      let partitions = AcceleratorPartitions.weaklyConnected(problem.accepted, successors: problem.successors)
      // Slowly: whether a path over accepted nodes, along or against edges, joins two nodes.
      let count = problem.accepted.count
      var joined = (0..<count).map { a in (0..<count).map { $0 == a } }
      for (from, next) in problem.successors.enumerated() {
        for to in next where problem.accepted[from] && problem.accepted[to] {
          joined[from][to] = true
          joined[to][from] = true
        }
      }
      for middle in 0..<count {
        for a in 0..<count where joined[a][middle] {
          for b in 0..<count where joined[middle][b] { joined[a][b] = true }
        }
      }
      var partition = [Int?](repeating: nil, count: count)
      for (number, members) in partitions.enumerated() { for member in members { partition[member] = number } }
      for a in 0..<count {
        #expect((partition[a] != nil) == problem.accepted[a], "seed \(seed)")
        for b in 0..<count where problem.accepted[a] && problem.accepted[b] {
          #expect((partition[a] == partition[b]) == joined[a][b], "seed \(seed): \(a), \(b)")
        }
      }
    }
  }

  @Test func runsNeedNoConnection() {
    // Two chains beside each other, and one that an operator outside splits.
    #expect(AcceleratorPartitions.contiguous([true, true, false, true, true]) == [[0, 1], [3, 4]])
    #expect(
      AcceleratorPartitions.weaklyConnected([true, true, false, true], successors: [[1], [2, 3], [3], []])
        == [[0, 1, 3]])
  }
}
