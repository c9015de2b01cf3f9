internal import Synchronization

/// Tells whether a stream waits for its client, so that it can be ended then and at no other time.
final class ClientWait: Sendable {
  /// Requests that have arrived already are there in far less.
  static let brief = Duration.milliseconds(10)

  private struct State: Sendable {
    /// nil while there is a request.
    var start: ContinuousClock.Instant?
    var isOver = false
  }
  private let state = Mutex(State(start: .now))

  /// The stream asks for a request.
  func begin() { state.withLock { $0.start = .now } }

  /// There is a request; false when it came too late.
  func end() -> Bool {
    state.withLock { state in
      state.start = nil
      return !state.isOver
    }
  }

  /// Whether the stream was ended.
  var isOver: Bool { state.withLock { $0.isOver } }

  /// Ends the stream if it has waited for more than a moment; answers whether it has.
  func giveUp() -> Bool {
    state.withLock { state in
      if let start = state.start, .now - start >= Self.brief { state.isOver = true }
      return state.isOver
    }
  }
}
