internal import Synchronization

/// Tells those who watch something that it may have changed.
final class ChangeSignal: Sendable {
  private struct State: Sendable {
    var watchers: [Int: AsyncStream<Void>.Continuation] = [:]
    var nextKey = 0
  }
  private let state = Mutex(State())

  func send() {
    for watcher in state.withLock({ Array($0.watchers.values) }) { watcher.yield() }
  }

  /// An element now, and one after each change; changes that come together may share one.
  ///
  /// - Returns: the elements, and what ends them.
  func watch() -> (changes: AsyncStream<Void>, end: @Sendable () -> Void) {
    let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let key = state.withLock { state in
      state.watchers[state.nextKey] = continuation
      defer { state.nextKey += 1 }
      return state.nextKey
    }
    continuation.onTermination = { [weak self] _ in self?.forget(key) }
    continuation.yield()
    return (stream, { continuation.finish() })
  }

  private func forget(_ key: Int) { state.withLock { $0.watchers[key] = nil } }
}
