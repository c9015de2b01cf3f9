internal import EventLoops
package import GRPCCore
internal import NIOCore
internal import Synchronization

/// Calls of `Base` whose tasks run on the event loop of their connection.
package struct EventLoopTransport<Base: ServerTransport>: ServerTransport {
  package typealias Bytes = Base.Bytes
  private let base: Base

  package init(_ base: Base) { self.base = base }

  package func configure(context: GRPCServerContext) { base.configure(context: context) }

  package func beginGracefulShutdown() { base.beginGracefulShutdown() }

  package func listen(
    streamHandler: @escaping @Sendable (RPCStream<Inbound, Outbound>, ServerContext) async -> Void
  ) async throws {
    try await withTaskExecutorPreference(CurrentLoopExecutor()) {
      try await base.listen { stream, context in
        // The connection's own loop: its tasks are resumed there.
        let loop = EventLoops.nearest
        let executor = CallExecutor(loop)
        await CallExecutor.$current.withValue(executor) {
          await withTaskExecutorPreference(executor) {
            await streamHandler(
              RPCStream(
                descriptor: stream.descriptor,
                inbound: RPCAsyncSequence(wrapping: MeasuredMessages(base: stream.inbound, executor: executor)),
                outbound: stream.outbound),
              context)
          }
        }
      }
    }
  }
}

/// Runs tasks on the event loop whose thread makes them ready.
private final class CurrentLoopExecutor: TaskExecutor {
  func enqueue(_ job: consuming ExecutorJob) {
    let loop = EventLoops.nearest
    let job = UnownedJob(job)
    loop.execute { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}

/// Runs one call on its event loop, except where that would keep other connections waiting.
final class CallExecutor: TaskExecutor {
  /// That of the call that the task serves.
  @TaskLocal static var current: CallExecutor?

  /// Messages of so many bytes are read or written in a fraction of a millisecond.
  private static let briefBytes = 1 << 16

  private let loop: any EventLoop
  private let isLong = Atomic(false)

  init(_ loop: any EventLoop) { self.loop = loop }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    guard !isLong.load(ordering: .relaxed) else { return globalConcurrentExecutor.enqueue(job) }
    loop.execute { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }

  /// Goes where reading or writing a message of so many bytes keeps nobody waiting.
  func prepare(bytes: Int) async {
    let isLong = bytes > Self.briefBytes
    guard self.isLong.exchange(isLong, ordering: .relaxed) != isLong else { return }
    await Task.yield()
  }
}

/// A call's messages; those that take long to read are handed out away from the event loop.
private struct MeasuredMessages<Bytes: GRPCContiguousBytes & Sendable>: AsyncSequence, Sendable {
  typealias Base = RPCAsyncSequence<RPCRequestPart<Bytes>, any Error>
  let base: Base
  let executor: CallExecutor

  struct AsyncIterator: AsyncIteratorProtocol {
    var base: Base.AsyncIterator
    let executor: CallExecutor

    mutating func next(isolation actor: isolated (any Actor)?) async throws -> RPCRequestPart<Bytes>? {
      let part = try await base.next(isolation: actor)
      if case .message(let bytes) = part {
        await executor.prepare(bytes: unsafe bytes.withUnsafeBytes { $0.count })
      }
      return part
    }

    mutating func next() async throws -> RPCRequestPart<Bytes>? { try await next(isolation: nil) }
  }

  func makeAsyncIterator() -> AsyncIterator { AsyncIterator(base: base.makeAsyncIterator(), executor: executor) }
}
