internal import CKernels
internal import CPThreadPool
internal import Synchronization

/// The threads that kernels divide their work over.
///
/// The calling thread takes part, so a pool of one has no threads of its own. The same part of every call goes to the same thread, whose cache
/// holds what it wrote in the calls before; what it has not begun is done by those that are free. Threads look for the next call for a tenth of a
/// millisecond, then sleep. Several threads may call ``parallelize(_:_:)``; while one call is running the others do their work alone.
@safe public final class ThreadPool: @unchecked Sendable {
  private let pool: OpaquePointer?
  /// The address of the `pthreadpool_t`, once it is asked for.
  private let library = Mutex<UInt?>(nil)
  /// Threads that work on a call, the caller included.
  public let count: Int

  /// A pool of `count` threads (at least 1); fewer when the system refuses more.
  public init(count: Int) {
    unsafe pool = tflk_thread_pool_create(max(0, min(count, 1024)))
    self.count = unsafe pool.map { unsafe Int(tflk_thread_pool_threads($0)) } ?? 1
  }

  deinit {
    if let pool = unsafe pool { unsafe tflk_thread_pool_destroy(pool) }
    library.withLock { address in
      if let pool = unsafe address.flatMap({ unsafe OpaquePointer(bitPattern: $0) }) {
        unsafe pthreadpool_destroy(pool)
      }
    }
  }

  /// The `pthreadpool_t` for libraries that take one, with threads of its own; nil for a pool of one.
  package var handle: OpaquePointer? {
    guard count > 1 else { return nil }
    let address = library.withLock { address in
      if address == nil { address = unsafe UInt(bitPattern: pthreadpool_create(count)) }
      return address
    }
    return unsafe address.flatMap { unsafe OpaquePointer(bitPattern: $0) }
  }

  /// Sends the threads of ``handle``, if there are any, to sleep; left to themselves they look for work for tens of milliseconds.
  package func restLibrary() {
    guard let pool = unsafe library.withLock({ $0 }).flatMap({ unsafe OpaquePointer(bitPattern: $0) }) else { return }
    unsafe pthreadpool_parallelize_1d(pool, { _, _ in }, nil, count, UInt32(PTHREADPOOL_FLAG_YIELD_WORKERS))
  }

  /// Calls `body` once for each index below `count`, in no particular order and possibly at the same time; returns when all are done.
  public func parallelize(_ count: Int, _ body: @Sendable (Int) -> Void) {
    parallelize(count) { index, _ in body(index) }
  }

  /// Calls `body` once for each index below `count`, as ``parallelize(_:_:)`` does.
  ///
  /// - Parameters:
  ///   - count: how many indices there are.
  ///   - alone: whether the calling thread does all the work.
  ///   - body: is given the index and the number, below ``count``, of the thread; threads that run at the same time have different ones.
  public func parallelize(_ count: Int, alone: Bool = false, _ body: @Sendable (_ index: Int, _ thread: Int) -> Void) {
    // In C also for a single thread: where Swift sees the call of a closure it moves the closure's body there, and with it copies of all that
    // the closure refers to, each of them counted.
    unsafe parallelizeClosure(alone ? nil : pool, count, body)
  }
}

/// Calls a pool's function with a closure that stays where it is; in C, because Swift would allocate.
@_silgen_name("tflk_parallelize")
private func parallelizeClosure(_ pool: OpaquePointer?, _ count: Int, _ body: @Sendable (Int, Int) -> Void)

/// Calls `body` once; in C for the reason that ``ThreadPool/parallelize(_:alone:_:)`` gives.
@_silgen_name("tflk_call")
func callClosure(_ start: Int, _ end: Int, _ body: @Sendable (Range<Int>) -> Void)
