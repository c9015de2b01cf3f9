internal import CPThreadPool

/// The threads that kernels and delegates divide their work over, on Debian's libpthreadpool.
///
/// The calling thread takes part, so a pool of one has no threads of its own. Several threads may call ``parallelize(_:_:)``; the calls are
/// then served one after the other.
@safe public final class ThreadPool: @unchecked Sendable {
  private let pool: pthreadpool_t?
  /// Threads that work on a call, the caller included.
  public let count: Int

  /// A pool of `count` threads (at least 1); fewer when the system refuses more.
  public init(count: Int) {
    unsafe pool = count > 1 ? pthreadpool_create(min(count, 1024)) : nil
    self.count = unsafe pool.map { unsafe Int(pthreadpool_get_threads_count($0)) } ?? 1
  }

  deinit {
    if let pool = unsafe pool { unsafe pthreadpool_destroy(pool) }
  }

  /// The `pthreadpool_t` for libraries that take one; nil for a pool of one.
  package var handle: OpaquePointer? { unsafe pool }

  /// Calls `body` once for each index below `count`, in no particular order and possibly at the same time; returns when all are done.
  public func parallelize(_ count: Int, _ body: @Sendable (Int) -> Void) {
    guard unsafe pool != nil, count > 1 else {
      for index in 0..<count { body(index) }
      return
    }
    unsafe parallelizeClosure(pthreadpool_parallelize_1d, pool, count, body)
  }
}

/// Calls a pool's function with a closure that stays where it is; in C, because Swift would allocate.
@_silgen_name("tflk_parallelize")
private func parallelizeClosure(
  _ parallelize:
    @convention(c) (
      OpaquePointer?, (@convention(c) (UnsafeMutableRawPointer?, Int) -> Void)?, UnsafeMutableRawPointer?, Int, UInt32
    ) -> Void,
  _ pool: OpaquePointer?, _ count: Int, _ body: @Sendable (Int) -> Void)
