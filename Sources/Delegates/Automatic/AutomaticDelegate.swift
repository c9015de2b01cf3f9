public import TFLiteRuntime

/// Decides by measuring whether operators run with XNNPACK or with the built-in kernels, and remembers it.
///
/// When an interpreter is made, the whole model is timed on this machine with the built-in kernels and with XNNPACK, and also with the mixtures of
/// the two that their operators' times suggest; what is fastest as a whole is taken, a mixture only where it is clearly faster than both. The choice
/// is kept in a file for later processes; see ``AutomaticOptions``. Operators are then reported as XNNPACK's or as built-in ones, with the times as
/// the reason. The model is run on made-up inputs, which shows where operators have effects outside of the interpreter. What cannot be measured
/// (such inputs are an error for some models) runs with the built-in kernels. Shapes are those that the model declares; inputs that are resized
/// later do not change the choice.
///
/// Safe to use from several threads; interpreters made with copies of one value share what was measured.
public struct AutomaticDelegate: Delegate {
  public let name = "auto"
  public let options: AutomaticOptions
  /// What was measured, recalled and written.
  public let log: AutomaticLog
  private let candidate: any Delegate
  private let memory = TuningMemory()

  public init(_ options: AutomaticOptions = AutomaticOptions()) {
    self.init(options, candidate: XNNPackDelegate(partitioning: options.partitioning))
  }

  /// - Parameter candidate: what the built-in kernels are compared with.
  init(_ options: AutomaticOptions, candidate: any Delegate) {
    self.options = options
    self.candidate = candidate
    log = AutomaticLog()
  }

  public func prepared(for model: Model, in setting: DelegateSetting) throws(ModelError) -> any Delegate {
    if let record = memory.record(model, setting) { return try placed(record, model, setting) }
    let cache = options.cacheDirectory.map { TuningCache(directory: $0, log: log) }
    let key = cache == nil ? [] : TuningKey.hash(model, setting, options, candidate: candidate.name)
    let record: TuningRecord
    if let known = cache?.record(key, for: model) {
      record = known
    } else {
      record = PlacementTuner.alone {
        guard let cache else { return measured(model, setting) }
        return cache.locked(for: options.tuningTime * PlacementTuner.patience) {
          // Somebody else may have measured in the meantime; then everybody has the same answer.
          if let known = cache.record(key, for: model) { return known }
          let record = measured(model, setting)
          if record.isMeasured { cache.write(record, key) }
          return record
        }
      }
    }
    memory.add(record, model, setting)
    return try placed(record, model, setting)
  }

  private func placed(
    _ record: TuningRecord, _ model: Model, _ setting: DelegateSetting
  ) throws(ModelError) -> any Delegate {
    PlacedDelegate(base: try candidate.prepared(for: model, in: setting), record: record)
  }

  private func measured(_ model: Model, _ setting: DelegateSetting) -> TuningRecord {
    let tuner = PlacementTuner(model: model, setting: setting, delegate: candidate, tuningTime: options.tuningTime)
    do throws(ModelError) {
      let record = try tuner.measure()
      log.add(.measured(builtin: record.builtinTime, delegate: record.delegateTime, chosen: record.chosenTime))
      return record
    } catch {
      log.add(.notMeasured(reason: "\(error)"))
      return TuningRecord(choice: .notMeasured("\(error)"))
    }
  }

  public func supports(_ node: DelegateNode) -> DelegateSupport {
    .refused("nothing was measured for this model")
  }

  public func compile(_ region: DelegateRegion) throws(DelegateError) -> any CompiledRegion {
    throw DelegateError("nothing was measured for this model")
  }
}

extension Delegate where Self == AutomaticDelegate {
  /// XNNPACK or the built-in kernels, whichever is measured to be faster; see `AutomaticDelegate`.
  public static func automatic(_ options: AutomaticOptions = AutomaticOptions()) -> AutomaticDelegate {
    AutomaticDelegate(options)
  }
}
