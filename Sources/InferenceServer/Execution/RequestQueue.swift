internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

/// The calls that wait for one version of a model: bounded, first come first served, joined to batches on the way out.
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
  private var isClosed = false
  private var sweepTime = UInt64.max

  /// - Parameter capacity: how many calls may wait.
  init(policy: BatchPolicy, capacity: Int) {
    self.policy = policy
    self.capacity = capacity
  }

  enum Refusal { case full, closed }

  /// Adds a call; answers why not when it cannot.
  func append(_ call: InferenceCall) -> Refusal? {
    monitor.locked {
      if isClosed { return .closed }
      if calls.count >= capacity { return .full }
      calls.append(call)
      calling.signal()
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

  /// The next calls to be run together; waits for them. nil when the queue is closed and empty.
  func next() -> [InferenceCall]? {
    monitor.locked {
      while true {
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
          if !calls.isEmpty { calling.signal() }
          return batch
        case .wait(let time):
          monitor.wait(calling, until: time)
        }
      }
    }
  }

  /// Says that calls of ``next()`` are not run any more.
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
