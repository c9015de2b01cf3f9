internal import Glibc
internal import Synchronization
public import TensorTypes

/// What one interpreter shares with the kernels it runs: threads, variables and tables, and the wish to stop.
///
/// ``cancel()`` may be called from any thread.
public final class ExecutionContext: Sendable {
  public let threadPool: ThreadPool
  private let cancelled = Atomic<Bool>(false)
  /// Nanoseconds of the monotonic clock; 0 when there is no deadline.
  private let deadline = Atomic<UInt64>(0)

  public let resources: Resources

  public init(threadPool: ThreadPool, resources: Resources = Resources()) {
    self.threadPool = threadPool
    self.resources = resources
  }

  /// Asks the running invocation to stop; it then throws ``TensorTypes/OperatorError/cancelled``.
  public func cancel() { cancelled.store(true, ordering: .relaxed) }

  /// Forgets an earlier cancellation and sets the deadline of the next invocation, in nanoseconds of the monotonic clock (0: none).
  package func begin(deadline nanoseconds: UInt64) {
    cancelled.store(false, ordering: .relaxed)
    deadline.store(nanoseconds, ordering: .relaxed)
  }

  /// Whether running kernels should return early.
  public var shouldStop: Bool {
    if cancelled.load(ordering: .relaxed) { return true }
    let limit = deadline.load(ordering: .relaxed)
    return limit != 0 && Self.now() >= limit
  }

  /// Throws when the invocation was cancelled or ran past its deadline.
  public func checkStop() throws(OperatorError) {
    if cancelled.load(ordering: .relaxed) { throw .cancelled }
    let limit = deadline.load(ordering: .relaxed)
    if limit != 0, Self.now() >= limit { throw .deadlineExceeded }
  }

  /// The monotonic clock in nanoseconds.
  package static func now() -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
