internal import Synchronization
internal import TFLiteRuntime

/// Calls that one invocation serves; the invocation is stopped when none of them is waited for any more.
final class RunningBatch: Sendable {
  private struct State {
    var waiting: Int
    var isOver = false
  }
  private let canceller: Canceller
  private let state: Mutex<State>

  init(count: Int, canceller: Canceller) {
    self.canceller = canceller
    state = Mutex(State(waiting: count))
  }

  /// One call needs the result no more.
  func memberFinished() {
    state.withLock { state in
      state.waiting -= 1
      // The interpreter may serve others once this invocation is over; the lock keeps them from being stopped.
      if state.waiting == 0, !state.isOver { canceller.cancel() }
    }
  }

  /// The invocation ended.
  func end() { state.withLock { $0.isOver = true } }
}
