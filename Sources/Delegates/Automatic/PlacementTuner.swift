internal import Kernels
internal import Synchronization
internal import TFLiteRuntime
internal import TensorTypes

/// Times a model as a whole with the built-in kernels, with a delegate, and with mixtures of the two, in turns.
struct PlacementTuner {
  /// How many times as long as asked for measuring may take before it is given up.
  static let patience = 30
  private static let minimumRounds = 3
  private static let maximumRounds = 200
  private static let profiledInvocations = 2

  let model: Model
  let setting: DelegateSetting
  let delegate: any Delegate
  let tuningTime: Duration

  private static let turn = Mutex(())

  /// Runs `body` while nobody else in this process measures.
  static func alone(_ body: () -> TuningRecord) -> TuningRecord { turn.withLock { _ in body() } }

  private final class Candidate {
    let choice: TuningRecord.Choice
    let interpreter: Interpreter
    var times: [UInt64] = []

    init(_ choice: TuningRecord.Choice, _ interpreter: Interpreter) {
      self.choice = choice
      self.interpreter = interpreter
    }
  }

  /// - Throws: ``ModelError`` when the model cannot be run on made-up inputs, or takes too long.
  func measure() throws(ModelError) -> TuningRecord {
    let clock = ContinuousClock()
    let end = clock.now + tuningTime
    let limit = clock.now + tuningTime * Self.patience
    func invoke(_ candidate: Candidate) throws(ModelError) -> UInt64 {
      let start = clock.now
      guard start < limit else {
        throw ModelError(.deadlineExceeded, "measuring took more than \(tuningTime * Self.patience)")
      }
      try candidate.interpreter.invoke(deadline: limit - start)
      return (clock.now - start).wholeNanoseconds
    }

    let builtin = try candidate(.builtin)
    let delegated = try candidate(.delegate)
    guard delegated.interpreter.placement.operators.contains(where: { $0.delegate != Placement.builtin }) else {
      // The delegate's own reasons are given then.
      return TuningRecord(choice: .builtin)
    }
    var candidates = [builtin, delegated]
    // The first invocation brings weights into the caches and threads into being.
    for candidate in candidates { _ = try invoke(candidate) }
    for mixture in try mixtures(builtin, delegated, invoke: invoke) {
      let added = try candidate(.mixed(builtin: mixture))
      _ = try invoke(added)
      candidates.append(added)
    }
    var rounds = 0
    while rounds < Self.minimumRounds || (clock.now < end && rounds < Self.maximumRounds) {
      // Every other round goes backwards, so that nobody always follows the same one.
      for index in candidates.indices {
        let candidate = candidates[rounds % 2 == 0 ? index : candidates.count - 1 - index]
        // The one before left its own data in the caches.
        let settling = try invoke(candidate)
        candidate.times.append(min(settling, try invoke(candidate)))
      }
      rounds += 1
    }
    let chosen = candidates[TuningDecision.choose(candidates.map(\.times))]
    func median(_ candidate: Candidate) -> Duration {
      .nanoseconds(Int64(clamping: TuningDecision.median(candidate.times)))
    }
    return TuningRecord(
      choice: chosen.choice, builtinTime: median(builtin), delegateTime: median(delegated), chosenTime: median(chosen))
  }

  private func candidate(_ choice: TuningRecord.Choice) throws(ModelError) -> Candidate {
    let interpreter = try Interpreter(
      model, signature: setting.signature,
      options: .init(threadPool: setting.threadPool, planningEffort: .greedy, compiler: setting.compiler),
      delegates: choice == .builtin ? [] : [PlacedDelegate(base: delegate, record: TuningRecord(choice: choice))])
    try interpreter.allocate()
    for (index, input) in interpreter.inputs.enumerated() { try fill(interpreter, index, input.type) }
    return Candidate(choice, interpreter)
  }

  /// Small numbers for floats and quantised inputs; zeros for others, since those may be indices.
  private func fill(_ interpreter: Interpreter, _ index: Int, _ type: TensorType) throws(ModelError) {
    guard type.element != .string, let count = type.byteCount else { return }
    var bytes = [UInt8](repeating: 0, count: count)
    switch type.element {
    case .float32:
      let values = (0..<count / 4).map { Float($0 % 17) / 16 - 0.5 }
      unsafe values.withUnsafeBytes { unsafe bytes.replaceSubrange(0..<$0.count, with: $0) }
    case .int8, .uint8:
      for position in bytes.indices { bytes[position] = UInt8(truncatingIfNeeded: position % 101) }
    default: break
    }
    try interpreter.setInput(index, bytes: unsafe bytes.span.bytes)
  }

  /// Operators to take from the delegate, as their times by themselves suggest.
  private func mixtures(
    _ builtin: Candidate, _ delegated: Candidate, invoke: (Candidate) throws(ModelError) -> UInt64
  ) throws(ModelError) -> [[Node.Origin]] {
    func profile(_ candidate: Candidate) throws(ModelError) -> Profiler {
      let profiler = Profiler()
      candidate.interpreter.profiler = profiler
      for _ in 0..<Self.profiledInvocations { _ = try invoke(candidate) }
      candidate.interpreter.profiler = nil
      return profiler
    }
    func times(_ entries: [Profiler.Entry]) -> [Int: UInt64] {
      Dictionary(entries.map { ($0.node, $0.minimumNanoseconds) }, uniquingKeysWith: { $0 &+ $1 })
    }
    let kernels = times(try profile(builtin).entries)
    let profiler = try profile(delegated)
    let steps = times(profiler.entries)
    // Both interpreters run the same graph; several of its operators may stand for one of the file, which is then placed as a whole.
    let nodes = delegated.interpreter.nodes
    var numbers: [Node.Origin: [Int]] = [:]
    for (number, node) in nodes.enumerated() { numbers[node.origin, default: []].append(number) }
    var regions: [[Int]] = []
    var regionTimes: [UInt64] = []
    for partition in delegated.interpreter.placement.partitions {
      let members = partition.operators.flatMap {
        numbers[Node.Origin(subgraph: partition.subgraph, index: $0)] ?? []
      }
      guard let time = members.lazy.compactMap({ steps[$0] }).first else { continue }
      regions.append(members)
      regionTimes.append(time)
    }
    return TuningDecision.mixtures(
      regions: regions, builtin: kernels, delegated: times(profiler.operatorsInRegions), regionTimes: regionTimes
    ).map { mixture in
      Set(mixture.map { nodes[$0].origin }).sorted { ($0.subgraph, $0.index) < ($1.subgraph, $1.index) }
    }
  }
}
