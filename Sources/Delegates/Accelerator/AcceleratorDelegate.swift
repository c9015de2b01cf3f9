internal import Kernels
public import TFLiteRuntime

/// Stands in for Qualcomm's accelerator: takes the operators that its compiler takes, in its partitions, and computes them on the CPU with the
/// accelerator's numbers.
///
/// What is taken follows ``AcceleratorAssessment``. Floats are rounded to float16 at every operator of a partition where the chip computes so;
/// quantised operators give the same bits as the built-in kernels. Times are those of the simulation; see ``AcceleratorEstimate`` for the chip's.
/// Safe to use from several threads.
public struct AcceleratorDelegate: Delegate {
  public let name = "accelerator"
  public let options: AcceleratorOptions
  /// What is known of the model that the delegate was prepared for.
  private let plan: AcceleratorPlan?
  private let cache: ContextCache?
  /// What happened to compiled partitions and, with profiling on, to runs.
  public let log: AcceleratorLog

  public init(_ options: AcceleratorOptions = AcceleratorOptions(), log: AcceleratorLog = AcceleratorLog()) {
    self.options = options
    plan = nil
    cache = nil
    self.log = log
  }

  private init(_ options: AcceleratorOptions, plan: AcceleratorPlan, cache: ContextCache?, log: AcceleratorLog) {
    self.options = options
    self.plan = plan
    self.cache = cache
    self.log = log
  }

  public func prepared(for model: Model) throws(ModelError) -> any Delegate {
    AcceleratorDelegate(
      options, plan: AcceleratorPlan(model, options: options), cache: try ContextCache(model, options), log: log)
  }

  public func supports(_ node: DelegateNode) -> DelegateSupport {
    guard let plan else { return .refused("the accelerator was not prepared for this model") }
    return plan.placement(of: node).support
  }

  public func partition(of node: DelegateNode) -> Int? { plan?.placement(of: node).partition }

  public func compile(_ region: DelegateRegion) throws(DelegateError) -> any CompiledRegion {
    let constants: CompiledConstants
    if let cache {
      constants = try cache.constants(region, rounding: options.rounding, log: log)
    } else {
      constants = try CompiledConstants(region, rounding: options.rounding)
    }
    return try AcceleratorRegion(
      region, rounding: options.rounding, constants: constants, log: log, profiling: options.profiling)
  }
}

extension Delegate where Self == AcceleratorDelegate {
  /// The model of Qualcomm's accelerator; see `AcceleratorDelegate`.
  public static func accelerator(_ options: AcceleratorOptions = AcceleratorOptions()) -> AcceleratorDelegate {
    AcceleratorDelegate(options)
  }
}
