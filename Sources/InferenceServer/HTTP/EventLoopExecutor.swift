internal import NIOCore

/// Runs tasks on the thread of an event loop, so that a request is read, answered and written without changing threads.
///
/// What may take long must leave it: all connections of the loop wait meanwhile.
final class EventLoopExecutor: TaskExecutor {
  private let eventLoop: any EventLoop

  init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    eventLoop.execute { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
