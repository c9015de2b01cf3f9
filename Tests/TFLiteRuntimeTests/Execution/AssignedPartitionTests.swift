import KernelTestSupport
import Testing

@testable import TFLiteRuntime

/// Regions where a delegate says which nodes belong together.
@Suite struct AssignedPartitionTests {
  private func problem(_ seed: UInt64) -> (PartitionerTests.Problem, [Int?]) {
    let problem = PartitionerTests.Problem(seed: seed)
    var random = SeededGenerator(seed: seed &+ 1_000_000)
    let assigned = problem.accepted.map { accepted -> Int? in
      accepted && Int.random(in: 0..<5, using: &random) > 0 ? Int.random(in: 0..<4, using: &random) : nil
    }
    return (problem, assigned)
  }

  @Test func everyNodeIsInOneRegionAndThereIsAnOrder() {
    for seed in 0..<2000 as Range<UInt64> {
      let (problem, assigned) = problem(seed)
      let regions = Partitioner.regions(
        accepted: problem.accepted, assigned: assigned, successors: problem.successors, minimumNodes: 1,
        maximumPartitions: nil)
      #expect(
        regions.flatMap { $0 }.sorted() == problem.accepted.indices.filter { problem.accepted[$0] }, "seed \(seed)")
      for region in regions {
        #expect(region == region.sorted())
        #expect(Set(region.map { assigned[$0] }).count == 1, "seed \(seed): a region mixes partitions")
      }
      let units = Partitioner.order(
        count: problem.accepted.count, successors: problem.successors, regions: regions)
      let ordered = units.flatMap { unit -> [Int] in
        switch unit {
        case .node(let node): [node]
        case .region(let nodes): nodes
        }
      }
      #expect(ordered.sorted() == Array(problem.accepted.indices), "seed \(seed): a region depends on itself")
      var position = [Int](repeating: 0, count: ordered.count)
      for (place, node) in ordered.enumerated() { position[node] = place }
      for (node, next) in problem.successors.enumerated() {
        for successor in next { #expect(position[node] < position[successor], "seed \(seed)") }
      }
    }
  }

  @Test func partitionsWithAnOrderAreKeptWhole() {
    // Neighbours that are not connected stay together.
    let regions = Partitioner.regions(
      accepted: [true, true, false, true], assigned: [0, 0, nil, 1], successors: [[2], [3], [3], []], minimumNodes: 1,
      maximumPartitions: nil)
    #expect(regions == [[0, 1], [3]])
  }

  @Test func aPartitionThatDependsOnItselfIsSplit() {
    // 0 reaches 2 through 1, which is elsewhere.
    let regions = Partitioner.regions(
      accepted: [true, false, true], assigned: [0, nil, 0], successors: [[1, 2], [2], []], minimumNodes: 1,
      maximumPartitions: nil)
    #expect(regions == [[0], [2]])
  }

  @Test(arguments: [
    ("none", PlacementRequirement.anywhere), ("full", .full), ("80%", .share(0.8)), ("0%", .share(0)),
    ("op:add,CONV_2D", .operators(["ADD", "CONV_2D"])),
  ])
  func requirementsAreRead(text: String, expected: PlacementRequirement) {
    #expect(PlacementRequirement(text) == expected)
    #expect(PlacementRequirement(expected.description) == expected)
  }

  @Test(arguments: ["", "all", "101%", "-1%", "nan%", "%", "op:", "80"])
  func otherRequirementsAreRefused(text: String) { #expect(PlacementRequirement(text) == nil) }

  @Test func whatIsRequiredMustBeThere() {
    var placement = Placement()
    for (index, (name, delegate)) in [("ADD", "xnnpack"), ("MyOperator", Placement.builtin), ("MUL", "xnnpack")]
      .enumerated()
    {
      placement.operators.append(
        Placement.Entry(
          origin: Node.Origin(subgraph: 0, index: index), name: name, version: 1, delegate: delegate, reason: "why"))
    }
    func disappointment(_ text: String, unplanned: [String] = []) -> String? {
      PlacementRequirement(text)?.disappointment(placement, unplanned: unplanned)
    }
    for text in ["none", "66%", "op:ADD", "op:add,mul", "op:CONV_2D"] {
      #expect(disappointment(text) == nil, "\(text)")
    }
    #expect(disappointment("full", unplanned: ["ADD"])?.contains("2 of 4 are not") == true)
    #expect(disappointment("op:MyOperator")?.contains("operator 1 MyOperator: why") == true)
    #expect(disappointment("op:ADD", unplanned: ["ADD"])?.contains("1 required") == true)
    #expect(disappointment("op:CONV2D")?.contains("CONV2D is required on a delegate, but is neither") == true)
  }
}
