internal import Synchronization

/// Lets a transport say that nobody waits for a request's answer any more.
package final class RequestCancellation: Sendable {
  private struct State: Sendable {
    var isCancelled = false
    var handler: (@Sendable () -> Void)?
  }
  private let state = Mutex(State())

  package init() {}

  /// May be called from any thread, and more than once.
  package func cancel() {
    let handler = state.withLock { state in
      state.isCancelled = true
      defer { state.handler = nil }
      return state.handler
    }
    handler?()
  }

  /// Calls `handler` once when the request is cancelled: now, if it is already.
  func onCancel(_ handler: @escaping @Sendable () -> Void) {
    let isCancelled = state.withLock { state in
      if !state.isCancelled { state.handler = handler }
      return state.isCancelled
    }
    if isCancelled { handler() }
  }
}
