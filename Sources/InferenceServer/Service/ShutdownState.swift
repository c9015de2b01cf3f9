internal import Synchronization

/// Whether the server is about to end. gRPC cancels the calls under way then, which are to be answered all the same.
final class ShutdownState: Sendable {
  private struct State: Sendable {
    var hasBegun = false
    var observers: [Int: @Sendable () -> Void] = [:]
    var nextKey = 0
  }
  private let state = Mutex(State())

  var hasBegun: Bool { state.withLock { $0.hasBegun } }

  /// May be called more than once.
  func begin() {
    let observers = state.withLock { state in
      state.hasBegun = true
      defer { state.observers = [:] }
      return Array(state.observers.values)
    }
    for observer in observers { observer() }
  }

  /// Runs `body`. `observer` is called once if the end begins meanwhile, or has begun already.
  func observed<Value>(
    by observer: @escaping @Sendable () -> Void, _ body: () async throws -> Value
  ) async rethrows -> Value {
    let key: Int? = state.withLock { state in
      guard !state.hasBegun else { return nil }
      state.observers[state.nextKey] = observer
      defer { state.nextKey += 1 }
      return state.nextKey
    }
    if key == nil { observer() }
    defer {
      if let key { state.withLock { $0.observers[key] = nil } }
    }
    return try await body()
  }
}
