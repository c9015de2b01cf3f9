/// Stands for Core ML, which this platform does not have: ``init(options:)`` answers nil, as it does on a device without a Neural Engine, so that
/// a program goes the way it has for those.
public final class CoreMLDelegate: Delegate {
  /// The options that the delegate was made with.
  public let options: Options

  public var cDelegate: CDelegate { unsafe unavailable.cDelegate }
  private let unavailable = RuntimeDelegate(UnavailableDelegate(name: "coreml", framework: "Core ML"))

  /// nil, always.
  public init?(options: Options = Options()) {
    return nil
  }
}

extension CoreMLDelegate {
  /// Which devices the delegate is for.
  public enum EnabledDevices: Equatable, Hashable, Sendable {
    /// Those with a Neural Engine.
    case neuralEngine
    case all
  }

  public struct Options: Equatable, Hashable, Sendable {
    public var enabledDevices: EnabledDevices = .neuralEngine
    /// The Core ML version to convert for; 0 for the newest.
    public var coreMLVersion = 0
    /// The most regions of the model to give to Core ML; 0 for no limit.
    public var maxDelegatedPartitions = 0
    /// Regions with fewer operators stay with the interpreter.
    public var minNodesPerPartition = 2

    public init() {}
  }
}
