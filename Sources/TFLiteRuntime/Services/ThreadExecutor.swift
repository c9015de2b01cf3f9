internal import Glibc
internal import Synchronization

/// Runs an actor's jobs on a thread of its own, in the order in which they come.
///
/// An inference keeps a thread busy for milliseconds or more, which threads that are shared by all tasks of a program cannot afford.
@safe final class ThreadExecutor: SerialExecutor, @unchecked Sendable {
  private struct State {
    var jobs: [UnownedJob] = []
    var isStopped = false
  }

  private let state = Mutex(State())
  /// Counts jobs, and the wish to stop.
  private let wake: UnsafeMutablePointer<sem_t>

  /// - Throws: `limitExceeded` when the system gives no thread.
  init() throws(ModelError) {
    unsafe wake = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    unsafe sem_init(wake, 0, 0)
    var thread = pthread_t()
    // The thread keeps the executor alive until it ends.
    let owner = unsafe Unmanaged.passRetained(self)
    let failure = unsafe pthread_create(
      &thread, nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        unsafe Unmanaged<ThreadExecutor>.fromOpaque(argument).takeRetainedValue().serve()
        return nil
      }, owner.toOpaque())
    guard failure == 0 else {
      unsafe owner.release()
      throw ModelError(.limitExceeded, "the system gives no thread for an interpreter: error \(failure)")
    }
    pthread_detach(thread)
  }

  deinit {
    unsafe sem_destroy(wake)
    unsafe wake.deallocate()
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    state.withLock { $0.jobs.append(job) }
    unsafe sem_post(wake)
  }

  /// Ends the thread after the jobs that are there. The owner calls it once, when no more can come.
  func stop() {
    state.withLock { $0.isStopped = true }
    unsafe sem_post(wake)
  }

  private func serve() {
    while true {
      while unsafe sem_wait(wake) != 0 {}
      let (jobs, isStopped) = state.withLock { state in
        defer { state.jobs.removeAll(keepingCapacity: true) }
        return (state.jobs, state.isStopped)
      }
      for job in jobs { unsafe job.runSynchronously(on: asUnownedSerialExecutor()) }
      if isStopped { return }
    }
  }
}
