internal import Synchronization

/// What an accelerator delegate did. Shared by the interpreters that use the delegate; safe to use from several threads.
public final class AcceleratorLog: Sendable {
  public enum Event: Sendable, Hashable {
    /// A compiled partition came from its file.
    case contextLoaded(path: String)
    /// A file did not fit, and was made anew.
    case contextRejected(path: String, reason: String)
    case contextWritten(path: String)
    case contextNotWritten(path: String, reason: String)
    /// A partition ran, with profiling on: how many operators, and how long the simulation took.
    case partitionRan(operators: Int, nanoseconds: UInt64)
    /// An operator of a partition ran, with profiling per operator on.
    case operatorRan(name: String, nanoseconds: UInt64)
  }

  /// Older events go when there are more.
  public static let capacity = 10_000

  private let entries = Mutex<[Event]>([])
  private let observer: (@Sendable (Event) -> Void)?

  /// - Parameter observer: told each event as it happens, on the thread on which it does.
  public init(observer: (@Sendable (Event) -> Void)? = nil) { self.observer = observer }

  public var events: [Event] { entries.withLock { $0 } }

  public func removeAll() { entries.withLock { $0.removeAll() } }

  func add(_ event: Event) {
    entries.withLock { entries in
      if entries.count >= Self.capacity { entries.removeFirst(Self.capacity / 2) }
      entries.append(event)
    }
    observer?(event)
  }
}
