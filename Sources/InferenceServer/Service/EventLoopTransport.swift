internal import CompressedMessages
internal import EventLoops
package import GRPCCore
internal import NIOCore
internal import Synchronization
internal import SystemInterface

/// Calls of `Base` whose tasks run on the event loop of their connection.
package struct EventLoopTransport<Base: ServerTransport>: ServerTransport {
  package typealias Bytes = Base.Bytes
  private let base: Base
  private let admission: AdmissionControl

  /// - Parameter admission: what decompressed messages are counted by.
  package init(_ base: Base, admission: AdmissionControl) {
    self.base = base
    self.admission = admission
  }

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
                inbound: RPCAsyncSequence(wrapping: ReceivedMessages(stream.inbound, executor, admission)),
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

/// A call's messages: decompressed one at a time, and those that take long to read handed out away from the event loop.
private struct ReceivedMessages<Bytes: GRPCContiguousBytes & Sendable>: AsyncSequence, Sendable {
  typealias Base = RPCAsyncSequence<RPCRequestPart<Bytes>, any Error>
  private let base: Base
  private let executor: CallExecutor
  private let admission: AdmissionControl

  init(_ base: Base, _ executor: CallExecutor, _ admission: AdmissionControl) {
    self.base = base
    self.executor = executor
    self.admission = admission
  }

  struct AsyncIterator: AsyncIteratorProtocol {
    fileprivate var base: Base.AsyncIterator
    fileprivate let executor: CallExecutor
    fileprivate let admission: AdmissionControl
    /// Whether each message says if it is compressed.
    private var isMarked = false
    /// The bytes of the last message if it was.
    private var held: Admission?

    fileprivate init(_ base: Base.AsyncIterator, _ executor: CallExecutor, _ admission: AdmissionControl) {
      self.base = base
      self.executor = executor
      self.admission = admission
    }

    mutating func next(isolation actor: isolated (any Actor)?) async throws -> RPCRequestPart<Bytes>? {
      held = nil
      let part = try await base.next(isolation: actor)
      switch part {
      case .metadata(var metadata):
        let header = CompressedMessages.header
        isMarked = metadata[stringValues: header].contains { _ in true }
        metadata.removeAllValues(forKey: header)
        return .metadata(metadata)
      case .message(var bytes):
        if isMarked {
          let held = admission.hold()
          self.held = held
          bytes = try await Self.unmarked(bytes, executor, held)
        }
        await executor.prepare(bytes: bytes.count)
        return .message(bytes)
      case nil: return nil
      }
    }

    mutating func next() async throws -> RPCRequestPart<Bytes>? { try await next(isolation: nil) }

    private static func unmarked(
      _ message: Bytes, _ executor: CallExecutor, _ admission: Admission
    ) async throws -> Bytes {
      let bytes = unsafe message.withUnsafeBytes { unsafe Array($0) }
      guard bytes.first == 1 else { return Bytes(bytes.dropFirst()) }
      // A few bytes may become many, which takes time.
      await executor.prepare(bytes: .max)
      do throws(ServingError) {
        return Bytes(try Decompressor.decompressed(Array(bytes.dropFirst()), admission))
      } catch {
        throw RPCError(error)
      }
    }
  }

  func makeAsyncIterator() -> AsyncIterator { AsyncIterator(base.makeAsyncIterator(), executor, admission) }
}
