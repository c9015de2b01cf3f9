/// A thread that does one job after the other: for work that takes long and must not overlap.
final class SerialWorker: Sendable {
  private let queue = JobQueue()

  /// - Throws: ``ServingError`` when the system has no thread left.
  init() throws(ServingError) {
    let queue = queue
    try WorkerThread.start { queue.run() }
  }

  deinit { queue.close() }

  /// Does `job` when its turn comes.
  func run<Value: Sendable>(_ job: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      queue.append { continuation.resume(returning: job()) }
    }
  }
}

private final class JobQueue: @unchecked Sendable {
  private let monitor = Monitor()
  private let changed = ThreadCondition()
  private var jobs: [@Sendable () -> Void] = []
  private var isClosed = false

  func append(_ job: @escaping @Sendable () -> Void) {
    monitor.locked {
      jobs.append(job)
      changed.signal()
    }
  }

  func close() {
    monitor.locked {
      isClosed = true
      changed.signal()
    }
  }

  func run() {
    while true {
      let next: (@Sendable () -> Void)? = monitor.locked {
        while jobs.isEmpty {
          if isClosed { return nil }
          monitor.wait(changed)
        }
        return jobs.removeFirst()
      }
      guard let next else { return }
      next()
    }
  }
}
