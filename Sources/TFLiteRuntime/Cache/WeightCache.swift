internal import FlatBuffers
internal import Kernels
internal import Synchronization

/// A folder with packed weights, so that a later process need not pack them again but maps a file, whose pages it shares with others.
///
/// There is a file for each model and instruction set. What is found in a file is used only after it was checked, and a file that does not fit, for whatever
/// reason, is as good as none: the weights are packed and the file is replaced. Answers are the same with and without. Several processes may use one
/// folder; it may be deleted at any time. A file must not be changed in place or shortened while it is mapped. Whoever may write to the folder decides what
/// its users' models answer, as does whoever may write to the models.
///
/// Safe to use from several threads; interpreters of several models may share it.
public final class WeightCache: Sendable {
  /// What happened to a file.
  public enum Event: Sendable, Hashable, CustomStringConvertible {
    /// It was opened, and has this many packed forms.
    case opened(path: String, forms: Int)
    /// It was not used at all.
    case rejected(path: String, reason: String)
    /// A packed form in it was damaged and made anew.
    case damaged(path: String)
    /// It was written.
    case written(path: String, forms: Int, bytes: Int)
    /// It could not be written.
    case notWritten(path: String, reason: String)

    public var description: String {
      switch self {
      case .opened(let path, let forms): "\(path): \(forms) packed weights"
      case .rejected(let path, let reason): "\(path) is not used: \(reason)"
      case .damaged(let path): "\(path): packed weights are damaged and made anew"
      case .written(let path, let forms, let bytes): "\(path) written: \(forms) packed weights, \(bytes) bytes"
      case .notWritten(let path, let reason): "\(path) could not be written: \(reason)"
      }
    }
  }

  /// The folder. It is made when it is not there.
  public let directory: String
  private let log = Mutex<[Event]>([])

  public init(directory: String) {
    self.directory = directory
  }

  /// What happened last; older events are forgotten.
  public var events: [Event] { log.withLock { $0 } }

  func add(_ event: Event) {
    log.withLock {
      if $0.count == 1000 { $0.removeFirst() }
      $0.append(event)
    }
  }
}
