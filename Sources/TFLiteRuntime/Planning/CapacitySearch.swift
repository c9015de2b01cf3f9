/// Branch and bound that packs a problem into a given capacity, or proves that it does not fit.
///
/// Buffers are placed from the bottom up. `heads[b]` is the lowest offset at which buffer b can still go, `floors[s]` the lowest offset
/// that anything unplaced can take in section s. In a section with `remaining` unplaced bytes, only a buffer whose head is at most
/// capacity - remaining can be the lowest of the unplaced ones; all others lie above the earliest end of such a buffer. These rules raise
/// heads until nothing changes or a section cannot hold its buffers.
///
/// A solution exists only if one exists in which every buffer lies at 0 or directly on another (push everything down). So at the lowest
/// spot of a valley, either one of the buffers that fit there is placed there, or it rests on a buffer yet to be placed and its head rises
/// accordingly. Parts of the timeline that no unplaced buffer connects are solved one after the other, independently.
/// Canonical solutions, section inference and decomposition are ideas of Moffitt, "MiniMalloc", ASPLOS 2023.
struct CapacitySearch: ~Copyable {
  enum Outcome {
    case found
    case infeasible
    case interrupted
  }

  /// How to choose among the buffers that fit into a spot: the highest score goes first.
  struct Preference {
    var size: Double
    var length: Double
    var load: Double
    var noise: Double
    /// Whether sections that often turned out too full are filled first.
    var learns: Bool
  }

  private let count: Int
  private let sectionCount: Int
  private let sizes: FixedArray<Int>
  private let alignmentMasks: FixedArray<Int>
  private let firsts: FixedArray<Int>
  private let lasts: FixedArray<Int>
  private let scores: FixedArray<Double>
  private let heads: FixedArray<Int>

  /// The unplaced buffers of section s are `members[memberStarts[s] ..< memberStarts[s] + memberCounts[s]]`. A buffer that is placed swaps
  /// to the end of that range, so undoing in reverse order only has to restore the count.
  private let members: FixedArray<Int32>
  private let memberStarts: FixedArray<Int>
  private let memberCounts: FixedArray<Int>
  /// Position of a buffer within the members of each of its sections; its entries start at `positionStarts`.
  private let positions: FixedArray<Int32>
  private let positionStarts: FixedArray<Int>

  private let floors: FixedArray<Int>
  private let remaining: FixedArray<Int>
  /// Unplaced buffers that are live in both section s and s + 1.
  private let crossings: FixedArray<Int>
  private let loads: [Int]
  /// How often each section turned out too full, over all runs.
  private let failures: FixedArray<Double>

  /// What a section's choices are scaled by: the smaller, the earlier the section is filled.
  private let urgencies: FixedArray<Double>
  /// What `choices` found in each section, or -1 where that is out of date.
  private let knownChoices: FixedArray<Int>

  private let queue: FixedArray<Int>
  private let isQueued: FixedArray<Bool>
  private var queueCount = 0

  /// Old values to restore: index b ≥ 0 for heads, ~s for floors; and the buffers in order of placement.
  private var trail: [(index: Int, value: Int)] = []
  private var placements: [Int] = []

  private var capacity = 0
  private var stepsLeft = 0
  private var deadline: ContinuousClock.Instant?
  /// The clock is read when `stepsLeft` has fallen to this.
  private var nextClockCheck = 0
  private static let clockInterval = 1_000_000
  /// Work done so far, in visits of a buffer in a section.
  private(set) var steps = 0

  init(_ problem: borrowing PlanningProblem) {
    count = problem.items.count
    sectionCount = problem.sectionCount
    loads = problem.loads
    sizes = FixedArray(repeating: 0, count: count)
    alignmentMasks = FixedArray(repeating: 0, count: count)
    firsts = FixedArray(repeating: 0, count: count)
    lasts = FixedArray(repeating: 0, count: count)
    scores = FixedArray(repeating: 0, count: count)
    heads = FixedArray(repeating: 0, count: count)
    memberStarts = FixedArray(repeating: 0, count: sectionCount + 1)
    memberCounts = FixedArray(repeating: 0, count: sectionCount)
    positionStarts = FixedArray(repeating: 0, count: count + 1)
    floors = FixedArray(repeating: 0, count: sectionCount)
    remaining = FixedArray(repeating: 0, count: sectionCount)
    crossings = FixedArray(repeating: 0, count: sectionCount)
    failures = FixedArray(repeating: 1, count: sectionCount)
    urgencies = FixedArray(repeating: 1, count: sectionCount)
    knownChoices = FixedArray(repeating: -1, count: sectionCount)
    queue = FixedArray(repeating: 0, count: sectionCount)
    isQueued = FixedArray(repeating: false, count: sectionCount)
    for (index, item) in problem.items.enumerated() {
      sizes[index] = item.size
      alignmentMasks[index] = problem.hasMixedAlignment ? item.alignment - 1 : 0
      firsts[index] = item.firstSection
      lasts[index] = item.lastSection
      positionStarts[index + 1] = positionStarts[index] + item.length
      for section in item.firstSection...item.lastSection { memberStarts[section + 1] += 1 }
    }
    for section in 0..<sectionCount { memberStarts[section + 1] += memberStarts[section] }
    members = FixedArray(repeating: 0, count: memberStarts[sectionCount])
    positions = FixedArray(repeating: 0, count: positionStarts[count])
    for buffer in 0..<count {
      for section in firsts[buffer]...lasts[buffer] {
        let position = memberCounts[section]
        members[memberStarts[section] + position] = Int32(buffer)
        positions[positionStarts[buffer] + section - firsts[buffer]] = Int32(position)
        memberCounts[section] += 1
      }
    }
  }

  /// Offset of a buffer after `solve` found a solution.
  func offset(of buffer: Int) -> Int { heads[buffer] }

  /// Tries to pack everything below `capacity`. Gives up after about `stepLimit` steps or at the deadline.
  mutating func solve(
    capacity: Int, preference: Preference, stepLimit: Int, deadline: ContinuousClock.Instant?, random: inout SplitMix64
  ) -> Outcome {
    self.capacity = capacity
    self.deadline = deadline
    stepsLeft = stepLimit
    nextClockCheck = stepLimit - Self.clockInterval
    reset()
    setScores(preference, &random)
    for section in 0..<sectionCount { enqueue(section) }
    let outcome = propagate() ? solve(sections: 0..<sectionCount) : .infeasible
    steps += stepLimit - stepsLeft
    return outcome
  }

  private mutating func reset() {
    trail.removeAll(keepingCapacity: true)
    placements.removeAll(keepingCapacity: true)
    clearQueue()
    for section in 0..<sectionCount {
      memberCounts[section] = memberStarts[section + 1] - memberStarts[section]
      floors[section] = 0
      remaining[section] = loads[section]
      crossings[section] = 0
    }
    for buffer in 0..<count {
      heads[buffer] = 0
      for section in firsts[buffer]..<lasts[buffer] { crossings[section] += 1 }
    }
  }

  private func setScores(_ preference: Preference, _ random: inout SplitMix64) {
    for section in 0..<sectionCount { urgencies[section] = preference.learns ? 1 / failures[section] : 1 }
    let largestLoad = Double(max(loads.max() ?? 1, 1))
    for buffer in 0..<count {
      let length = lasts[buffer] - firsts[buffer] + 1
      var load = 0
      for section in firsts[buffer]...lasts[buffer] { load = max(load, loads[section]) }
      scores[buffer] =
        preference.size * Self.logarithm(sizes[buffer]) + preference.length * Self.logarithm(length)
        + preference.load * Double(load) / largestLoad + preference.noise * random.fraction()
    }
  }

  /// The binary logarithm, interpolated linearly between powers of two.
  private static func logarithm(_ value: Int) -> Double {
    let x = Double(value)
    return Double(x.exponent) + x.significand - 1
  }

  // MARK: Search

  /// Solves each independent part of the sections. Leaves everything placed if all could be solved.
  private mutating func solve(sections: Range<Int>) -> Outcome {
    var start = sections.lowerBound
    while start < sections.upperBound {
      if memberCounts[start] == 0 {
        start += 1
        continue
      }
      var end = start
      while crossings[end] > 0 { end += 1 }
      let outcome = solve(part: start..<end + 1)
      guard case .found = outcome else { return outcome }
      start = end + 1
    }
    return .found
  }

  /// Solves sections that are all open and connected.
  private mutating func solve(part: Range<Int>) -> Outcome {
    while true {
      if stepsLeft <= 0 || isLate() { return .interrupted }
      let buffer = chooseBuffer(part)
      let mark = (trail.count, placements.count)
      if place(buffer) {
        let outcome = solve(sections: part)
        switch outcome {
        case .found, .interrupted: return outcome
        case .infeasible: break
        }
      }
      undo(to: mark)
      if !exclude(buffer) { return .infeasible }
      // Raised heads never disconnect sections, so the part stays one.
    }
  }

  private mutating func isLate() -> Bool {
    guard let deadline, stepsLeft <= nextClockCheck else { return false }
    nextClockCheck = stepsLeft - Self.clockInterval
    if ContinuousClock.now < deadline { return false }
    stepsLeft = 0
    return true
  }

  /// The buffer to try next: in the section with the fewest choices at the bottom of a valley, the one with the highest score.
  private mutating func chooseBuffer(_ part: Range<Int>) -> Int {
    var bestSection = part.lowerBound
    var bestRank = Double.infinity
    var bestSlack = Int.max
    var start = part.lowerBound
    var below = Int.max
    stepsLeft -= part.count / 2
    while start < part.upperBound {
      let floor = floors[start]
      var end = start + 1
      while end < part.upperBound, floors[end] == floor { end += 1 }
      let above = end < part.upperBound ? floors[end] : Int.max
      if below > floor && above > floor {
        for section in start..<end {
          if knownChoices[section] < 0 {
            let found = choices(section, floor)
            knownChoices[section] = found
          }
          let slack = capacity - floor - remaining[section]
          let rank = Double(knownChoices[section]) * urgencies[section]
          if rank < bestRank || (rank == bestRank && slack < bestSlack) {
            bestRank = rank
            bestSlack = slack
            bestSection = section
          }
        }
      }
      below = floor
      start = end
    }
    let floor = floors[bestSection]
    var best = -1
    var bestScore = -Double.infinity
    let begin = memberStarts[bestSection]
    for index in begin..<begin + memberCounts[bestSection] {
      let buffer = Int(members[index])
      if heads[buffer] == floor && scores[buffer] > bestScore {
        best = buffer
        bestScore = scores[buffer]
      }
    }
    return best
  }

  /// A measure of how open a section is: twice the buffers that can lie on its floor, less one where one of them has to.
  private mutating func choices(_ section: Int, _ floor: Int) -> Int {
    let begin = memberStarts[section]
    let end = begin + memberCounts[section]
    stepsLeft -= end - begin
    var choices = 0
    var shortest = Int.max / 2
    for index in begin..<end {
      let buffer = Int(members[index])
      if heads[buffer] == floor { choices += 1 }
      shortest = min(shortest, heads[buffer] == floor ? sizes[buffer] : heads[buffer] - floor)
    }
    return 2 * choices - (floor + remaining[section] + shortest <= capacity ? 0 : 1)
  }

  // MARK: State

  /// Puts a buffer at its head. False if the rest then cannot fit.
  private mutating func place(_ buffer: Int) -> Bool {
    let end = heads[buffer] + sizes[buffer]
    placements.append(buffer)
    let first = firsts[buffer]
    let last = lasts[buffer]
    for section in first..<last { crossings[section] -= 1 }
    for section in first...last {
      let begin = memberStarts[section]
      let position = Int(positions[positionStarts[buffer] + section - first])
      let lastPosition = memberCounts[section] - 1
      let other = Int(members[begin + lastPosition])
      members[begin + position] = Int32(other)
      members[begin + lastPosition] = Int32(buffer)
      positions[positionStarts[other] + section - firsts[other]] = Int32(position)
      positions[positionStarts[buffer] + section - first] = Int32(lastPosition)
      memberCounts[section] = lastPosition
      remaining[section] -= sizes[buffer]
      enqueue(section)
    }
    for section in first...last {
      let begin = memberStarts[section]
      let count = memberCounts[section]
      stepsLeft -= count
      for index in begin..<begin + count where heads[Int(members[index])] < end {
        if !raise(Int(members[index]), to: end) {
          clearQueue()
          return false
        }
      }
    }
    return propagate()
  }

  /// Rules out that a buffer, or one that is just like it, lies at its present head. False if then nothing fits.
  private mutating func exclude(_ buffer: Int) -> Bool {
    let head = heads[buffer]
    let first = firsts[buffer]
    var next = Int.max
    for section in first...lasts[buffer] {
      let begin = memberStarts[section]
      stepsLeft -= memberCounts[section]
      for index in begin..<begin + memberCounts[section] {
        let other = Int(members[index])
        if other != buffer { next = min(next, heads[other] + sizes[other]) }
      }
    }
    guard next < Int.max else { return false }
    let begin = memberStarts[first]
    for index in begin..<begin + memberCounts[first] {
      let other = Int(members[index])
      let isTwin = firsts[other] == first && lasts[other] == lasts[buffer] && sizes[other] == sizes[buffer]
      if isTwin && heads[other] == head && alignmentMasks[other] == alignmentMasks[buffer] {
        if !raise(other, to: next) {
          clearQueue()
          return false
        }
      }
    }
    return propagate()
  }

  /// Raises a head, noting what has to be looked at again. False if the buffer then ends above the capacity.
  private mutating func raise(_ buffer: Int, to offset: Int) -> Bool {
    let mask = alignmentMasks[buffer]
    let offset = (offset + mask) & ~mask
    let oldOffset = heads[buffer]
    stepsLeft -= 1
    trail.append((buffer, oldOffset))
    heads[buffer] = offset
    // Where the buffer could not be the lowest before, nothing follows from its going higher.
    for section in firsts[buffer]...lasts[buffer] where oldOffset + remaining[section] <= capacity { enqueue(section) }
    return offset + sizes[buffer] <= capacity
  }

  /// Applies the section rules until nothing changes. False, with an empty queue, if a section cannot hold its buffers.
  private mutating func propagate() -> Bool {
    while queueCount > 0 {
      queueCount -= 1
      let section = queue[queueCount]
      isQueued[section] = false
      if memberCounts[section] > 0 && !tighten(section) {
        clearQueue()
        return false
      }
    }
    return true
  }

  private mutating func tighten(_ section: Int) -> Bool {
    let begin = memberStarts[section]
    let end = begin + memberCounts[section]
    let limit = capacity - remaining[section]
    stepsLeft -= end - begin
    var lowest = Int.max
    var earliestEnd = Int.max
    var someAreNotFirst = false
    for index in begin..<end {
      let buffer = Int(members[index])
      let head = heads[buffer]
      lowest = min(lowest, head)
      if head <= limit { earliestEnd = min(earliestEnd, head + sizes[buffer]) } else { someAreNotFirst = true }
    }
    guard lowest <= limit else {
      failures[section] += 1
      return false
    }
    if lowest > floors[section] {
      trail.append((~section, floors[section]))
      floors[section] = lowest
    }
    if someAreNotFirst {
      for index in begin..<end {
        let buffer = Int(members[index])
        let head = heads[buffer]
        if head > limit && head < earliestEnd && !raise(buffer, to: earliestEnd) {
          failures[section] += 1
          return false
        }
      }
    }
    return true
  }

  private mutating func undo(to mark: (trail: Int, placements: Int)) {
    while trail.count > mark.trail {
      let (index, value) = trail.removeLast()
      if index >= 0 {
        heads[index] = value
        for section in firsts[index]...lasts[index] { knownChoices[section] = -1 }
      } else {
        floors[~index] = value
        knownChoices[~index] = -1
      }
    }
    while placements.count > mark.placements {
      let buffer = placements.removeLast()
      for section in firsts[buffer]..<lasts[buffer] { crossings[section] += 1 }
      for section in firsts[buffer]...lasts[buffer] {
        memberCounts[section] += 1
        remaining[section] += sizes[buffer]
        knownChoices[section] = -1
      }
    }
  }

  @inline(__always) private mutating func enqueue(_ section: Int) {
    knownChoices[section] = -1
    if isQueued[section] { return }
    isQueued[section] = true
    queue[queueCount] = section
    queueCount += 1
  }

  private mutating func clearQueue() {
    while queueCount > 0 {
      queueCount -= 1
      isQueued[queue[queueCount]] = false
    }
  }
}
