internal import Glibc

/// A lock that threads can wait under until another one changes what it guards. For threads of our own, never for tasks.
@safe final class Monitor: @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>

  init() {
    unsafe mutex = .allocate(capacity: 1)
    unsafe pthread_mutex_init(mutex, nil)
  }

  deinit {
    unsafe pthread_mutex_destroy(mutex)
    unsafe mutex.deallocate()
  }

  func locked<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    return try body()
  }

  /// Waits for a signal; to be called inside ``locked(_:)``.
  func wait(_ condition: ThreadCondition) { unsafe pthread_cond_wait(condition.condition, mutex) }

  /// Waits for a signal, until `deadline` in nanoseconds of the monotonic clock at most; to be called inside ``locked(_:)``.
  func wait(_ condition: ThreadCondition, until deadline: UInt64) {
    var time = timespec(tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
    unsafe pthread_cond_timedwait(condition.condition, mutex, &time)
  }
}

/// What threads wait for under a ``Monitor``.
@safe final class ThreadCondition: @unchecked Sendable {
  fileprivate let condition: UnsafeMutablePointer<pthread_cond_t>

  init() {
    unsafe condition = .allocate(capacity: 1)
    var attributes = pthread_condattr_t()
    unsafe pthread_condattr_init(&attributes)
    unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    unsafe pthread_cond_init(condition, &attributes)
    unsafe pthread_condattr_destroy(&attributes)
  }

  deinit {
    unsafe pthread_cond_destroy(condition)
    unsafe condition.deallocate()
  }

  /// Wakes one waiting thread.
  func signal() { unsafe pthread_cond_signal(condition) }

  /// Wakes all waiting threads.
  func broadcast() { unsafe pthread_cond_broadcast(condition) }
}
