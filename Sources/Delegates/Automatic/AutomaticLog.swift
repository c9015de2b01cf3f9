internal import Synchronization

/// What an automatic delegate did. Shared by the interpreters that use the delegate; safe to use from several threads.
public final class AutomaticLog: Sendable {
  public enum Event: Sendable, Hashable {
    /// A model was timed: medians of one invocation.
    case measured(builtin: Duration, delegate: Duration, chosen: Duration)
    /// A model could not be timed; it runs with the built-in kernels.
    case notMeasured(reason: String)
    /// A choice came from its file.
    case recalled(path: String)
    /// A file did not fit.
    case rejected(path: String, reason: String)
    case written(path: String)
    case notWritten(path: String, reason: String)
  }

  /// Older events go when there are more.
  public static let capacity = 10_000

  private let entries = Mutex<[Event]>([])

  public init() {}

  public var events: [Event] { entries.withLock { $0 } }

  func add(_ event: Event) {
    entries.withLock { entries in
      if entries.count >= Self.capacity { entries.removeFirst(Self.capacity / 2) }
      entries.append(event)
    }
  }
}
