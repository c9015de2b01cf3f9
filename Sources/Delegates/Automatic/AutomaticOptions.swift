internal import Glibc
public import TFLiteRuntime

/// How ``AutomaticDelegate`` measures and where it remembers.
public struct AutomaticOptions: Sendable, Hashable {
  /// How long to measure a model. At least three rounds are timed, so a model of which one invocation takes a good part of this takes longer; after
  /// thirty times as long measuring is given up.
  public var tuningTime: Duration
  /// The folder where choices are kept; nil to measure in every process. Several processes may use one folder. A file that is damaged, or was made
  /// on another processor, with other options or another version, is not used.
  public var cacheDirectory: String?
  /// Which regions XNNPACK is given.
  public var partitioning: PartitioningOptions

  public init(
    tuningTime: Duration = .seconds(1), cacheDirectory: String? = Self.defaultCacheDirectory,
    partitioning: PartitioningOptions = PartitioningOptions()
  ) {
    self.tuningTime = tuningTime
    self.cacheDirectory = cacheDirectory
    self.partitioning = partitioning
  }

  /// `tflite` in the folder that the environment names for caches (`XDG_CACHE_HOME`, or `.cache` in `HOME`); nil where it names none.
  public static var defaultCacheDirectory: String? {
    func folder(_ variable: String) -> String? {
      guard let value = unsafe getenv(variable) else { return nil }
      let path = unsafe String(cString: value)
      return path.hasPrefix("/") ? path : nil
    }
    if let caches = folder("XDG_CACHE_HOME") { return caches + "/tflite" }
    return folder("HOME").map { $0 + "/.cache/tflite" }
  }
}
