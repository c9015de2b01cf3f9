import TFLiteRuntime
import Testing

/// Every violation is found in a plan that has just that one.
@Suite struct MemoryPlanValidatorTests {
  private let buffers = [
    ArenaBuffer(size: 100, alignment: 64, firstUse: 0, lastUse: 2),
    ArenaBuffer(size: 64, alignment: 64, firstUse: 2, lastUse: 3),
    ArenaBuffer(size: 128, alignment: 64, firstUse: 3, lastUse: 5)
  ]
  private let good = ArenaPlan(offsets: [0, 128, 0], bytes: 192, lowerBound: 192)

  private func violations(_ change: (inout ArenaPlan) -> Void) -> [MemoryPlanValidator.Violation] {
    var plan = good
    change(&plan)
    return MemoryPlanValidator.validate(buffers, plan)
  }

  @Test func goodPlan() {
    #expect(violations { _ in } == [])
    #expect(good.isProvenOptimal)
    #expect(good.gap == 0)
  }

  @Test func wrongCount() {
    #expect(violations { $0.offsets.removeLast() } == [.offsetCount(expected: 3, found: 2)])
  }

  @Test func overlap() {
    #expect(violations { $0.offsets[1] = 64 }.contains(.overlap(first: 0, second: 1)))
    #expect(violations { $0.offsets[1] = 64 }.contains(.overlap(first: 1, second: 2)))
    // Zero bytes overlap nothing.
    let empty = [buffers[0], ArenaBuffer(size: 0, alignment: 1, firstUse: 0, lastUse: 9)]
    #expect(MemoryPlanValidator.validate(empty, ArenaPlan(offsets: [0, 10], bytes: 128, lowerBound: 128)) == [])
  }

  @Test func misaligned() {
    #expect(
      violations {
        $0.offsets[1] = 136
        $0.bytes = 200
      } == [.misaligned(buffer: 1)])
  }

  @Test func outOfRange() {
    #expect(
      violations {
        $0.bytes = 191
        $0.lowerBound = 191
      } == [.outOfRange(buffer: 1), .wrongLowerBound(claimed: 191, liveBytes: 192)])
    #expect(violations { $0.offsets[0] = -64 } == [.outOfRange(buffer: 0)])
    #expect(violations { $0.offsets[0] = Int.max & ~63 }.contains(.outOfRange(buffer: 0)))
    #expect(violations { $0.offsets[0] = Int.min }.contains(.outOfRange(buffer: 0)))
  }

  @Test func lowerBound() {
    #expect(violations { $0.lowerBound = 128 } == [.wrongLowerBound(claimed: 128, liveBytes: 192)])
    #expect(violations { $0.lowerBound = 193 } == [.wrongLowerBound(claimed: 193, liveBytes: 192)])
  }

  @Test func slack() {
    #expect(violations { $0.bytes = 256 } == [.slack(bytes: 256, highestEnd: 192)])
  }

  @Test func movedFixedBuffer() {
    var fixed = buffers
    fixed[2].fixedOffset = 64
    #expect(MemoryPlanValidator.validate(fixed, good) == [.movedFixedBuffer(2)])
  }

  @Test func malformedBuffers() {
    for bad in [
      ArenaBuffer(size: -1, firstUse: 0, lastUse: 0), ArenaBuffer(size: 1, firstUse: 1, lastUse: 0),
      ArenaBuffer(size: 1, alignment: 0, firstUse: 0, lastUse: 0),
      ArenaBuffer(size: 1, alignment: 6, firstUse: 0, lastUse: 0)
    ] {
      let plan = ArenaPlan(offsets: [0], bytes: 0, lowerBound: 0)
      #expect(MemoryPlanValidator.validate([bad], plan) == [.malformedBuffer(0)])
    }
  }
}
