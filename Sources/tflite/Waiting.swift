#if Server
  internal import Dispatch
  internal import Synchronization

  /// Runs an asynchronous function to its end while the calling thread, which must be the program's own, waits. Commands that only compute
  /// stay on the main thread this way.
  func waitFor(_ body: @escaping @Sendable () async throws -> Void) throws {
    let ended = DispatchSemaphore(value: 0)
    let result = Mutex<Result<Void, any Error>>(.success(()))
    Task.detached {
      do { try await body() } catch { result.withLock { $0 = .failure(error) } }
      ended.signal()
    }
    ended.wait()
    try result.withLock { $0 }.get()
  }
#endif
