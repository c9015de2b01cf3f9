internal import TFLiteRuntime

/// Stands for Metal, which this platform does not have: the delegate takes no operator, so that the model runs on the processor. An interpreter's
/// ``Interpreter/placement`` says so for each operator, and making the delegate leaves a message (``Runtime/messageHandler``).
public final class MetalDelegate: Delegate {
  /// The options that the delegate was made with.
  public let options: Options

  public var cDelegate: CDelegate { unsafe unavailable.cDelegate }
  private let unavailable = RuntimeDelegate(UnavailableDelegate(name: "metal", framework: "Metal"))

  public init(options: Options = Options()) {
    self.options = options
    Runtime.report("there is no Metal on this platform; operators run on the processor")
  }
}

extension MetalDelegate {
  public struct Options: Equatable, Hashable, Sendable {
    /// Whether `Float16` may stand in for `Float32`.
    public var isPrecisionLossAllowed = false

    @available(*, deprecated, message: "Deprecated since TensorFlow Lite 2.4", renamed: "isPrecisionLossAllowed")
    public var allowsPrecisionLoss: Bool {
      get { isPrecisionLossAllowed }
      set { isPrecisionLossAllowed = newValue }
    }

    public var waitType: ThreadWaitType = .passive

    /// Whether 8-bit quantised operators are taken.
    public var isQuantizationEnabled = true

    public init() {}
  }
}

/// How a thread waits for the graphics processor.
public enum ThreadWaitType: Equatable, Hashable, Sendable {
  /// Not at all.
  case none
  /// Until the work is done.
  case passive
  /// Until the work is done, with the least delay, which may cost processor time.
  case active
  /// Keeping the graphics processor awake meanwhile.
  case aggressive
}

/// Stands for a framework that is not there: takes nothing.
struct UnavailableDelegate: TFLiteRuntime.Delegate {
  let name: String
  let framework: String

  func supports(_ node: DelegateNode) -> DelegateSupport { .refused("there is no \(framework) on this platform") }

  func compile(_ region: DelegateRegion) throws(DelegateError) -> any CompiledRegion {
    throw DelegateError("there is no \(framework) on this platform")
  }
}
