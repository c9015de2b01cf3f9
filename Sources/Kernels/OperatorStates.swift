internal import Synchronization

/// What operators remember from one invocation of an interpreter to the next: each finds the state it left, by an identity of its own.
///
/// Operators are values that all interpreters of a model share, and kernels are prepared anew when shapes change, so neither can hold it.
/// Safe to use from several threads.
final class OperatorStates: Sendable {
  private struct Entry {
    /// Kept alive, so that no other identity takes its place.
    let identity: OperatorIdentity
    let state: any Sendable & AnyObject
  }

  private let entries = Mutex<[ObjectIdentifier: Entry]>([:])

  /// The state of an operator, made by `initial` the first time it is asked for. Allocates only then.
  func state<State: Sendable & AnyObject>(of identity: OperatorIdentity, initial: () -> State) -> State {
    entries.withLock { entries in
      if let state = entries[ObjectIdentifier(identity)]?.state as? State { return state }
      let state = initial()
      entries[ObjectIdentifier(identity)] = Entry(identity: identity, state: state)
      return state
    }
  }

  /// Forgets everything: all operators begin anew.
  func removeAll() { entries.withLock { $0.removeAll() } }
}

/// Tells apart operators that have a state.
final class OperatorIdentity: Sendable {
  init() {}
}
