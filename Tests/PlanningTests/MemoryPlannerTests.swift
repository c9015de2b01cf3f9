import TFLiteRuntime
import Testing

/// The planner on small inputs, checked by the validator and by trying everything.
@Suite struct MemoryPlannerTests {
  private func buffer(_ size: Int, _ first: Int, _ last: Int, alignment: Int = 1, at offset: Int? = nil) -> ArenaBuffer
  {
    ArenaBuffer(size: size, alignment: alignment, firstUse: first, lastUse: last, fixedOffset: offset)
  }

  private func plan(_ buffers: [ArenaBuffer], steps: Int = 2_000_000) throws -> ArenaPlan {
    try MemoryPlanner.plan(buffers, effort: .search(stepLimit: steps, timeLimit: nil))
  }

  /// Random buffers over a short time.
  private func randomBuffers(
    _ count: Int, _ random: inout Generator, sizes: Int, steps: Int, alignments: [Int], fixed: Bool = false
  ) -> [ArenaBuffer] {
    var nextFixed = 0
    return (0..<count).map { _ in
      let first = random.index(below: steps)
      let last = first + random.index(below: steps - first)
      var result = buffer(
        random.index(below: sizes), first, last, alignment: alignments[random.index(below: alignments.count)])
      if fixed && random.index(below: 4) == 0 {
        let offset = (nextFixed + result.alignment - 1) / result.alignment * result.alignment
        result.fixedOffset = offset
        nextFixed = offset + result.size + random.index(below: 20)
      }
      return result
    }
  }

  /// The fewest bytes into which the buffers fit, found by trying all orders; `bound` if that is not less than `bound`.
  ///
  /// Among the best plans take one with the smallest sum of offsets. No buffer in it has a free place further down, so placing the buffers
  /// in order of their offsets, each at the lowest free offset, makes that plan again.
  private func fewestBytes(_ buffers: [ArenaBuffer], below bound: Int = Int.max) -> Int {
    let occupied = buffers.map { ($0.size + $0.alignment - 1) / $0.alignment * $0.alignment }
    var placed: [(index: Int, offset: Int)] = []
    var best = bound
    func visit(_ height: Int) {
      if placed.count == buffers.count {
        best = height
        return
      }
      for index in buffers.indices where !placed.contains(where: { $0.index == index }) {
        let overlapping = placed.filter {
          buffers[$0.index].firstUse <= buffers[index].lastUse && buffers[index].firstUse <= buffers[$0.index].lastUse
        }
        var offset = 0
        while let hit = overlapping.first(where: {
          max($0.offset, offset) < min($0.offset + occupied[$0.index], offset + occupied[index])
        }) {
          let end = hit.offset + occupied[hit.index]
          offset = (end + buffers[index].alignment - 1) / buffers[index].alignment * buffers[index].alignment
        }
        guard offset >= placed.last?.offset ?? 0, max(height, offset + occupied[index]) < best else { continue }
        placed.append((index, offset))
        visit(max(height, offset + occupied[index]))
        placed.removeLast()
      }
    }
    visit(0)
    return best
  }

  @Test(arguments: [[1], [64], [1, 2, 4, 8, 64]])
  func randomPlansAreValid(alignments: [Int]) throws {
    var random = Generator(seed: UInt64(alignments.count))
    for count in [1, 2, 3, 7, 15, 16, 17, 35, 90] {
      for round in 0..<6 {
        let buffers = randomBuffers(
          count, &random, sizes: round % 2 == 0 ? 30 : 5000, steps: 2 + random.index(below: 40), alignments: alignments,
          fixed: round == 5)
        for effort in [MemoryPlanner.Effort.greedy, .search(stepLimit: 300_000, timeLimit: nil)] {
          let plan = try MemoryPlanner.plan(buffers, effort: effort)
          #expect(MemoryPlanValidator.validate(buffers, plan) == [])
        }
      }
    }
  }

  /// A proof of optimality is a claim about all plans, so it has to stand against trying them all.
  @Test(arguments: [[1], [1, 4, 16]])
  func smallPlansAreOptimal(alignments: [Int]) throws {
    var random = Generator(seed: 77)
    var aboveLoad = 0
    for round in 0..<400 {
      let buffers = randomBuffers(
        3 + round % 5, &random, sizes: 12, steps: 4 + round % 5, alignments: alignments)
      let plan = try plan(buffers)
      #expect(MemoryPlanValidator.validate(buffers, plan) == [])
      let fewest = fewestBytes(buffers)
      #expect(plan.bytes == fewest && plan.isProvenOptimal, "\(buffers)")
      if try MemoryPlanner.plan(buffers, effort: .greedy).lowerBound < plan.lowerBound { aboveLoad += 1 }
    }
    // With several alignments, some do not fit into the bytes that are live at one step.
    #expect(alignments.count == 1 || aboveLoad > 0)
  }

  @Test func nothing() throws {
    #expect(try plan([]) == ArenaPlan(offsets: [], bytes: 0, lowerBound: 0))
    #expect(try plan([]).isProvenOptimal)
    #expect(try plan([]).gap == 0)
    let empty = [buffer(0, 3, 9, alignment: 64), buffer(0, 0, 0)]
    #expect(try plan(empty) == ArenaPlan(offsets: [0, 0], bytes: 0, lowerBound: 0))
  }

  @Test func oneBuffer() throws {
    let plan = try plan([buffer(100, -5, 5, alignment: 64)])
    #expect(plan == ArenaPlan(offsets: [0], bytes: 128, lowerBound: 128))
  }

  @Test func allOverlapping() throws {
    let buffers = (1...50).map { buffer($0, 0, 10 + $0) }
    let plan = try plan(buffers)
    #expect(MemoryPlanValidator.validate(buffers, plan) == [])
    #expect(plan.bytes == 50 * 51 / 2)
    #expect(plan.isProvenOptimal)
  }

  @Test func noneOverlapping() throws {
    let buffers = (0..<50).map { buffer(10 + $0, 2 * $0, 2 * $0 + 1) }
    let plan = try plan(buffers)
    #expect(plan.offsets == [Int](repeating: 0, count: 50))
    #expect(plan.bytes == 59)
  }

  @Test func extremeTimes() throws {
    let buffers = [
      buffer(8, Int.min, Int.max), buffer(8, Int.min, Int.min), buffer(8, Int.max, Int.max), buffer(8, 0, Int.max)
    ]
    let plan = try plan(buffers)
    #expect(MemoryPlanValidator.validate(buffers, plan) == [])
    #expect(plan.bytes == 24)
  }

  @Test func hugeSizes() throws {
    let quarter = Int.max / 16
    let buffers = [buffer(quarter, 0, 1), buffer(quarter, 1, 2), buffer(quarter, 2, 3)]
    let plan = try plan(buffers)
    #expect(MemoryPlanValidator.validate(buffers, plan) == [])
    #expect(plan.bytes == 2 * quarter)
  }

  @Test func fixedOffsetsAreKept() throws {
    let buffers = [
      buffer(100, 0, 3, at: 256), buffer(50, 2, 5, alignment: 64), buffer(300, 0, 0), buffer(0, 0, 9, at: 7),
      buffer(206, 1, 1)
    ]
    let plan = try plan(buffers)
    #expect(MemoryPlanValidator.validate(buffers, plan) == [])
    #expect(plan.offsets[0] == 256)
    #expect(plan.offsets[3] == 7)
    #expect(plan.lowerBound == 400)
  }

  @Test func chainOfThousand() throws {
    // A network of layers with skip connections of different lengths.
    let buffers = (0..<1000).map { index in
      ArenaBuffer(size: 1000 + index * 7919 % 50000, firstUse: index, lastUse: index + 1 + (index % 10 == 0 ? 6 : 0))
    }
    let plan = try MemoryPlanner.plan(buffers, effort: .greedy)
    #expect(MemoryPlanValidator.validate(buffers, plan) == [])
    #expect(plan.gap < 0.2)
  }

  @Test func manyBuffersEndInTime() throws {
    var random = Generator(seed: 9)
    let count = 40_000
    let buffers = (0..<count).map { index in
      ArenaBuffer(size: random.index(below: 1 << 20), firstUse: index, lastUse: index + random.index(below: 3))
    }
    let plan = try plan(buffers)
    #expect(plan.bytes >= plan.lowerBound)
    #expect(plan.offsets.count == count)
    // The validator takes quadratic time: check windows.
    for start in stride(from: 0, to: count - 200, by: 7_001) {
      let window = ArenaPlan(
        offsets: Array(plan.offsets[start..<start + 200]), bytes: plan.bytes, lowerBound: plan.bytes)
      let violations = MemoryPlanValidator.validate(Array(buffers[start..<start + 200]), window)
      #expect(violations.allSatisfy { if case .slack = $0 { true } else { false } })
    }
  }

  @Test(arguments: [5_000, 20_000])
  func manyLongLivesEndInTime(count: Int) throws {
    // All live together in the middle, stacked like a pyramid in time; half of them fixed.
    let buffers = (0..<count).map { index in
      buffer(64, index, 3 * count - index, at: index % 2 == 0 ? 64 * index : nil)
    }
    let plan = try plan(buffers)
    #expect(plan.lowerBound == 64 * count)
    #expect(plan.bytes >= plan.lowerBound)
    #expect(Set(plan.offsets).count == count)
  }

  @Test func planIsDeterministic() throws {
    let buffers = PackingInstances.pinwheels("", 150, 3, grain: 64).buffers
    let first = try plan(buffers, steps: 5_000_000)
    #expect(try plan(buffers, steps: 5_000_000) == first)
  }

  @Test func malformedBuffersThrow() {
    let good = buffer(1, 0, 0)
    let cases: [(ArenaBuffer, PlanningError)] = [
      (buffer(-1, 0, 0), .negativeSize(buffer: 1)),
      (buffer(Int.min, 0, 0), .negativeSize(buffer: 1)),
      (buffer(1, 1, 0), .reversedLifetime(buffer: 1)),
      (buffer(1, 0, 0, alignment: 0), .invalidAlignment(buffer: 1)),
      (buffer(1, 0, 0, alignment: -64), .invalidAlignment(buffer: 1)),
      (buffer(1, 0, 0, alignment: 3), .invalidAlignment(buffer: 1)),
      (buffer(1, 0, 0, alignment: Int.min), .invalidAlignment(buffer: 1)),
      (buffer(Int.max, 0, 0), .sizeOverflow(buffer: 1)),
      (buffer(Int.max, 0, 0, alignment: 64), .sizeOverflow(buffer: 1)),
      (buffer(1, 0, 0, alignment: 1 << 62), .sizeOverflow(buffer: 1)),
      (buffer(1, 0, 0, at: -1), .invalidFixedOffset(buffer: 1)),
      (buffer(1, 0, 0, alignment: 4, at: 6), .invalidFixedOffset(buffer: 1)),
      (buffer(1, 0, 0, at: Int.max), .sizeOverflow(buffer: 1))
    ]
    for (bad, error) in cases {
      #expect(throws: error) { try MemoryPlanner.plan([good, bad]) }
      #expect(!error.description.isEmpty)
    }
    #expect(throws: PlanningError.sizeOverflow(buffer: 2)) {
      try MemoryPlanner.plan([good, buffer(Int.max / 5, 0, 0), buffer(Int.max / 5, 5, 5)])
    }
    #expect(throws: PlanningError.overlappingFixedOffsets(first: 0, second: 2)) {
      try MemoryPlanner.plan([buffer(10, 0, 5, at: 0), buffer(10, 6, 7, at: 0), buffer(10, 5, 5, at: 9)])
    }
  }
}
