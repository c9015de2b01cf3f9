/// Checks arena plans by definition. It shares no code with the planner and trusts neither the buffers nor the plan.
public enum MemoryPlanValidator {
  /// One way in which a plan is wrong. Indices count the buffers in the order in which they were given.
  public enum Violation: Sendable, Hashable {
    /// The plan has another number of offsets than there are buffers.
    case offsetCount(expected: Int, found: Int)
    /// The buffer itself makes no sense: negative size, reversed lifetime or an alignment that is no power of two.
    case malformedBuffer(Int)
    /// The buffer starts below 0 or ends above the plan's bytes.
    case outOfRange(buffer: Int)
    /// The offset is not a multiple of the alignment.
    case misaligned(buffer: Int)
    /// The offset differs from the one that the buffer asked for.
    case movedFixedBuffer(Int)
    /// Two buffers are live at the same step and share a byte.
    case overlap(first: Int, second: Int)
    /// The plan claims a lower bound below the bytes that are live at one step, or above the plan's own bytes.
    case wrongLowerBound(claimed: Int, liveBytes: Int)
    /// No buffer ends where the plan says that the arena ends.
    case slack(bytes: Int, highestEnd: Int)
  }

  /// All violations, buffers first, pairs next, totals last; empty for a valid plan. Takes time quadratic in the number of buffers.
  public static func validate(_ buffers: [ArenaBuffer], _ plan: ArenaPlan) -> [Violation] {
    guard plan.offsets.count == buffers.count else {
      return [.offsetCount(expected: buffers.count, found: plan.offsets.count)]
    }
    var violations: [Violation] = []
    var blocks: [Block?] = []
    for (index, buffer) in buffers.enumerated() {
      let block = Block(buffer, offset: plan.offsets[index])
      blocks.append(block)
      guard let block else {
        violations.append(.malformedBuffer(index))
        continue
      }
      if block.start < 0 || block.occupiedEnd > plan.bytes { violations.append(.outOfRange(buffer: index)) }
      if block.start % buffer.alignment != 0 { violations.append(.misaligned(buffer: index)) }
      if let fixed = buffer.fixedOffset, fixed != block.start { violations.append(.movedFixedBuffer(index)) }
    }
    for first in buffers.indices {
      for second in buffers.indices where second > first {
        guard let a = blocks[first], let b = blocks[second] else { continue }
        let sameTime =
          buffers[first].firstUse <= buffers[second].lastUse && buffers[second].firstUse <= buffers[first].lastUse
        let sameBytes = max(a.start, b.start) < min(a.end, b.end)
        if sameTime && sameBytes { violations.append(.overlap(first: first, second: second)) }
      }
    }
    // The live bytes can only peak where a buffer starts.
    var peak = 0
    for (step, block) in zip(buffers.map(\.firstUse), blocks) where block != nil {
      var live = 0
      for (buffer, block) in zip(buffers, blocks) where buffer.firstUse <= step && step <= buffer.lastUse {
        live = saturatingSum(live, block?.occupied ?? 0)
      }
      peak = max(peak, live)
    }
    if plan.lowerBound < peak || plan.lowerBound > plan.bytes {
      violations.append(.wrongLowerBound(claimed: plan.lowerBound, liveBytes: peak))
    }
    let highestEnd = blocks.reduce(0) { max($0, $1?.occupiedEnd ?? 0) }
    if highestEnd < plan.bytes { violations.append(.slack(bytes: plan.bytes, highestEnd: highestEnd)) }
    return violations
  }

  /// The bytes of one buffer in the plan.
  private struct Block {
    var start: Int
    var end: Int
    /// The size rounded up to the alignment, and where that ends.
    var occupied: Int
    var occupiedEnd: Int

    init?(_ buffer: ArenaBuffer, offset: Int) {
      guard buffer.size >= 0, buffer.firstUse <= buffer.lastUse, buffer.alignment > 0,
        buffer.alignment.nonzeroBitCount == 1
      else { return nil }
      start = offset
      end = saturatingSum(offset, buffer.size)
      let excess = buffer.size % buffer.alignment
      occupied =
        excess == 0 || buffer.fixedOffset != nil ? buffer.size : saturatingSum(buffer.size, buffer.alignment - excess)
      occupiedEnd = saturatingSum(offset, occupied)
    }
  }

  private static func saturatingSum(_ a: Int, _ b: Int) -> Int {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? (b < 0 ? Int.min : Int.max) : sum
  }
}
