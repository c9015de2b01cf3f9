public import TensorTypes

/// How the accelerator is to be used. Names follow the options of Qualcomm's TFLite delegate, `TfLiteQnnDelegateOptions`.
public struct AcceleratorOptions: Sendable, Hashable {
  /// Which accepted operators run together.
  public enum PartitionStrategy: String, Sendable, Hashable, CaseIterable {
    /// Runs of neighbours in the model's order.
    case contiguous
    /// Operators that are connected through tensors.
    case weaklyConnected = "weakly_connected"
  }

  /// Clock and voltage of the processor. Only the estimate of time depends on it. Source: `htp_options.performance_mode`.
  public enum PerformanceMode: String, Sendable, Hashable, CaseIterable {
    case `default`
    case sustainedHighPerformance = "sustained_high_performance"
    case burst
    case highPerformance = "high_performance"
    case powerSaver = "power_saver"
    case lowPowerSaver = "low_power_saver"
    case highPowerSaver = "high_power_saver"
    case lowBalanced = "low_balanced"
    case balanced
    case extremePowerSaver = "extreme_power_saver"
  }

  /// What the processor computes with. Source: `htp_options.precision`.
  public enum Precision: String, Sendable, Hashable, CaseIterable {
    /// Quantised operators only: operators on floats run elsewhere.
    case quantized
    /// Floats are computed in float16.
    case float16 = "fp16"
  }

  /// How long compiling may take for a faster partition. Kept in the context binary's key; the simulation compiles the same. Source:
  /// `htp_options.optimization_strategy`.
  public enum OptimizationStrategy: String, Sendable, Hashable, CaseIterable {
    case optimizeForInference = "optimize_for_inference"
    case optimizeForPrepare = "optimize_for_prepare"
    case optimizeForInferenceO3 = "optimize_for_inference_o3"
  }

  /// What is recorded of each run. Source: `profiling`.
  public enum Profiling: String, Sendable, Hashable, CaseIterable {
    case off
    /// Time of each partition.
    case basic
    /// Also the time of each operator.
    case perOperator = "per_op"
  }

  /// The chip to model.
  public var device: DeviceProfile
  public var performanceMode: PerformanceMode
  public var precision: Precision
  public var optimizationStrategy: OptimizationStrategy
  public var partitionStrategy: PartitionStrategy
  /// Megabytes of vector memory that a partition may use; 0 for all there is. Only the estimate of time depends on it. Source:
  /// `htp_options.vtcm_size`.
  public var vectorMemoryMegabytes: Int
  /// Vector threads that a partition may use; 0 for all there are. Only the estimate of time depends on it. Source:
  /// `htp_options.num_hvx_threads`.
  public var vectorThreads: Int
  /// The folder where compiled partitions are kept; nil to compile each time. Source: `cache_dir`.
  public var cacheDirectory: String?
  /// A name for the model in the folder; without one nothing is kept. Source: `model_token`.
  public var modelToken: String?
  /// Operators that are never given to the accelerator, by kind. Source: `skip_options.skip_delegate_ops`.
  public var skipDelegateOperators: Set<BuiltinOperator>
  /// Operators that are never given to the accelerator, by their index in the main subgraph. Source: `skip_options.skip_delegate_node_ids`.
  public var skipDelegateNodes: Set<Int>
  public var profiling: Profiling

  public init(
    device: DeviceProfile = .default, performanceMode: PerformanceMode = .default, precision: Precision = .float16,
    optimizationStrategy: OptimizationStrategy = .optimizeForInference,
    partitionStrategy: PartitionStrategy = .contiguous, vectorMemoryMegabytes: Int = 0, vectorThreads: Int = 0,
    cacheDirectory: String? = nil, modelToken: String? = nil,
    skipDelegateOperators: Set<BuiltinOperator> = [], skipDelegateNodes: Set<Int> = [], profiling: Profiling = .off
  ) {
    self.device = device
    self.performanceMode = performanceMode
    self.precision = precision
    self.optimizationStrategy = optimizationStrategy
    self.partitionStrategy = partitionStrategy
    self.vectorMemoryMegabytes = vectorMemoryMegabytes
    self.vectorThreads = vectorThreads
    self.cacheDirectory = cacheDirectory
    self.modelToken = modelToken
    self.skipDelegateOperators = skipDelegateOperators
    self.skipDelegateNodes = skipDelegateNodes
    self.profiling = profiling
  }

  /// The chip, without float arithmetic where the options exclude it.
  var effectiveDevice: DeviceProfile { precision == .quantized ? device.withoutFloat : device }

  /// Which values a partition rounds: Hexagon v68 computes single operators in float32, later ones everything in float16.
  var rounding: AcceleratorRegion.Rounding {
    device.hasFloat && precision == .float16 && device.architecture >= .v69 ? .float16 : .none
  }
}
