internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

/// The calls that wait for one version of a model: bounded, first come first served, joined to batches on the way out.
///
/// Brief calls may skip it: who makes them borrows an instance that has nothing to do.
final class RequestQueue: @unchecked Sendable {
  private let monitor = Monitor()
  private let calling = ThreadCondition()
  private let sweeping = ThreadCondition()
  private let policy: BatchPolicy
  private let capacity: Int
  // Guarded by the monitor.
  private var calls: [InferenceCall] = []
  /// Calls that instances have taken, and still run.
  private var running: [InferenceCall] = []
  private var instances: [InstanceUse]
  private var brevity: Brevity
  private var isClosed = false
  private var sweepTime = UInt64.max

  private enum InstanceUse { case idle, running, borrowed }

  /// - Parameters:
  ///   - capacity: how many calls may wait.
  ///   - instances: how many instances ask for calls.
  ///   - isSteady: whether the model takes the same time for all inputs of the same shapes.
  ///   - briefCall: nanoseconds that a call may take where it was made.
  init(
    policy: BatchPolicy, capacity: Int, instances: Int = 1, isSteady: Bool = false, briefCall: UInt64 = Brevity.limit
  ) {
    self.policy = policy
    self.capacity = capacity
    self.instances = [InstanceUse](repeating: .running, count: instances)
    brevity = Brevity(isSteady: isSteady && !policy.isDynamic, limit: briefCall)
  }

  enum Refusal { case full, closed }

  /// Adds a call; answers why not when it cannot.
  func append(_ call: InferenceCall) -> Refusal? {
    monitor.locked {
      if isClosed { return .closed }
      if calls.count >= capacity { return .full }
      calls.append(call)
      wakeInstance()
      // The sweeper would sleep beyond this call's deadline.
      if call.deadline < sweepTime { sweeping.signal() }
      return nil
    }
  }

  /// Forgets a call that nobody waits for.
  func remove(_ call: InferenceCall) {
    monitor.locked {
      if let index = calls.firstIndex(where: { $0 === call }) { calls.remove(at: index) }
    }
  }

  var count: Int { monitor.locked { calls.count } }

  /// No new calls; those that wait are still served.
  func close() {
    monitor.locked {
      isClosed = true
      calling.broadcast()
      sweeping.broadcast()
    }
  }

  /// One signal may reach an instance that is borrowed.
  private func wakeInstance() {
    if instances.contains(.borrowed) { calling.broadcast() } else { calling.signal() }
  }

  /// Whether ``borrow(for:)`` would have something for a call like the last ones now.
  var isBrief: Bool {
    monitor.locked { !isClosed && calls.isEmpty && brevity.isExpected && instances.contains(.idle) }
  }

  /// The index of an instance that the caller may run `call` on; nil when none is free, calls wait, or the call may take long.
  func borrow(for call: InferenceCall) -> Int? {
    monitor.locked {
      guard !isClosed, calls.isEmpty, brevity.expects(call.inputs), let index = instances.firstIndex(of: .idle) else {
        return nil
      }
      instances[index] = .borrowed
      return index
    }
  }

  /// Gives back what ``borrow(for:)`` gave.
  func giveBack(_ index: Int) {
    monitor.locked {
      instances[index] = .idle
      if !calls.isEmpty || isClosed { calling.broadcast() }
    }
  }

  /// Notes how long a call took by itself, in nanoseconds.
  func ran(_ call: InferenceCall, nanoseconds: UInt64) {
    monitor.locked { brevity.note(call.inputs, nanoseconds: nanoseconds) }
  }

  /// The next calls to be run together by the instance `index`; waits for them. nil when the queue is closed and empty.
  func next(_ index: Int) -> [InferenceCall]? {
    monitor.locked {
      if instances[index] == .running { instances[index] = .idle }
      while true {
        if instances[index] == .borrowed {
          monitor.wait(calling)
          continue
        }
        while let first = calls.first, first.isFinished { calls.removeFirst() }
        guard let first = calls.first else {
          if isClosed { return nil }
          monitor.wait(calling)
          continue
        }
        let joinable = policy.isDynamic ? calls.prefix { Self.canJoin(first, $0) } : calls.prefix(1)
        let decision = policy.decide(
          joinable.map(\.batchSize), isBlocked: isClosed || joinable.count < calls.count, oldest: first.start,
          now: ExecutionContext.now())
        switch decision {
        case .run(let count):
          let batch = Array(calls.prefix(count))
          calls.removeFirst(batch.count)
          running += batch
          instances[index] = .running
          if !calls.isEmpty { wakeInstance() }
          return batch
        case .wait(let time):
          monitor.wait(calling, until: time)
        }
      }
    }
  }

  /// Says that calls of ``next(_:)`` are not run any more.
  func done(_ batch: [InferenceCall]) {
    monitor.locked { running.removeAll { call in batch.contains { $0 === call } } }
  }

  private static func canJoin(_ a: InferenceCall, _ b: InferenceCall) -> Bool {
    a.outputs == b.outputs
      && zip(a.inputs, b.inputs).allSatisfy {
        $0.type.element == $1.type.element
          && $0.type.shape.dimensions.dropFirst() == $1.type.shape.dimensions.dropFirst()
      }
  }

  /// Ends calls when their deadline passes: those that wait while all instances are busy, and those that run in a batch whose other members have
  /// more time. Returns when the queue is closed and empty.
  func sweep() {
    while true {
      let expired: [InferenceCall]? = monitor.locked {
        if isClosed, calls.isEmpty, running.isEmpty { return nil }
        let now = ExecutionContext.now()
        let expired = (calls + running).filter { $0.deadline <= now && !$0.isFinished }
        if !expired.isEmpty {
          calls.removeAll { $0.deadline <= now }
          return expired
        }
        // Calls whose deadline is far off need no sweeper while the queue is short, which spares a wake-up for each of them.
        let pending = (calls + running).lazy.filter { !$0.isFinished }.map(\.deadline).min()
        sweepTime = min(pending ?? UInt64.max, now + Self.idleSleep)
        monitor.wait(sweeping, until: sweepTime)
        sweepTime = .max
        return []
      }
      guard let expired else { return }
      for call in expired { call.finish(.failure(.timeout)) }
    }
  }

  private static let idleSleep: UInt64 = 1_000_000_000
}
