internal import Glibc
internal import Synchronization
public import TensorTypes

/// What one interpreter shares with the kernels it runs: threads, variables and tables, and the wish to stop.
///
/// ``cancel()`` may be called from any thread.
public final class ExecutionContext: Sendable {
  public let threadPool: ThreadPool
  /// The threads of ``threadPool``.
  let threads: Int
  private let cancelled = Atomic<Bool>(false)
  /// Nanoseconds of the monotonic clock; 0 when there is no deadline.
  private let deadline = Atomic<UInt64>(0)
  /// Like ``cancelled`` and ``deadline``, for all invocations from ``beginScope(deadline:)`` to ``endScope()``.
  private let scopeCancelled = Atomic<Bool>(false)
  private let scopeDeadline = Atomic<UInt64>(0)
  /// What operators remember between invocations.
  let states = OperatorStates()

  public let resources: Resources
  /// Whether float convolutions may use Winograd's method.
  package let usesWinograd: Bool
  /// How constants are packed while kernels are prepared.
  package let packing: ConstantPacking

  public convenience init(threadPool: ThreadPool, resources: Resources = Resources(), usesWinograd: Bool = true) {
    self.init(threadPool: threadPool, resources: resources, usesWinograd: usesWinograd, packing: ConstantPacking())
  }

  package init(threadPool: ThreadPool, resources: Resources, usesWinograd: Bool, packing: ConstantPacking) {
    self.usesWinograd = usesWinograd
    self.packing = packing
    self.threadPool = threadPool
    threads = threadPool.count
    self.resources = resources
  }

  /// Asks the running invocation to stop; it then throws ``TensorTypes/OperatorError/cancelled``.
  public func cancel() { cancelled.store(true, ordering: .relaxed) }

  /// Makes operators with a memory, such as random generators, begin anew.
  package func forgetStates() { states.removeAll() }

  /// Forgets an earlier cancellation and sets the deadline of the next invocation, in nanoseconds of the monotonic clock (0: none).
  package func begin(deadline nanoseconds: UInt64) {
    cancelled.store(false, ordering: .relaxed)
    let scope = scopeDeadline.load(ordering: .relaxed)
    let limit = nanoseconds == 0 || scope == 0 ? max(nanoseconds, scope) : min(nanoseconds, scope)
    deadline.store(limit, ordering: .relaxed)
  }

  /// Begins a time in which ``cancelScope()`` stops every invocation, also those that begin later, and none runs past the deadline (0: none).
  package func beginScope(deadline nanoseconds: UInt64 = 0) {
    scopeCancelled.store(false, ordering: .relaxed)
    scopeDeadline.store(nanoseconds, ordering: .relaxed)
  }

  /// Stops the invocations of this scope. May be called from any thread, before ``endScope()``.
  package func cancelScope() { scopeCancelled.store(true, ordering: .relaxed) }

  package func endScope() { beginScope() }

  /// Whether running kernels should return early.
  public var shouldStop: Bool {
    if isCancelled { return true }
    let limit = deadline.load(ordering: .relaxed)
    return limit != 0 && Self.now() >= limit
  }

  private var isCancelled: Bool {
    cancelled.load(ordering: .relaxed) || scopeCancelled.load(ordering: .relaxed)
  }

  /// Throws when the invocation was cancelled or ran past its deadline.
  public func checkStop() throws(OperatorError) {
    if isCancelled { throw .cancelled }
    let limit = deadline.load(ordering: .relaxed)
    if limit != 0, Self.now() >= limit { throw .deadlineExceeded }
  }

  /// The monotonic clock in nanoseconds.
  package static func now() -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
  /// The time when `duration` from now has passed; 0, no deadline, for nil and where that is too far to be expressed.
  package static func deadline(after duration: Duration?) -> UInt64 {
    guard let duration else { return 0 }
    let (seconds, attoseconds) = duration.components
    let nanoseconds = UInt64(max(seconds, 0)).multipliedReportingOverflow(by: 1_000_000_000)
    let total = nanoseconds.partialValue.addingReportingOverflow(UInt64(max(attoseconds, 0)) / 1_000_000_000)
    let time = now().addingReportingOverflow(total.partialValue)
    return nanoseconds.overflow || total.overflow || time.overflow ? 0 : time.partialValue
  }
}
