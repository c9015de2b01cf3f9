internal import TFLiteRuntime

/// A delegate that takes what it was measured to be good at.
struct PlacedDelegate: Delegate {
  let base: any Delegate
  let record: TuningRecord
  private let excluded: Set<Node.Origin>

  init(base: any Delegate, record: TuningRecord) {
    self.base = base
    self.record = record
    if case .mixed(let builtin) = record.choice { excluded = Set(builtin) } else { excluded = [] }
  }

  var name: String { base.name }
  var partitioning: PartitioningOptions { base.partitioning }

  func partition(of node: DelegateNode) -> Int? { base.partition(of: node) }

  func supports(_ node: DelegateNode) -> DelegateSupport {
    let answer = base.supports(node)
    guard answer == .accepted else { return answer }
    switch record.choice {
    case .delegate: return .accepted
    case .builtin:
      return .refused(
        "measured: the model takes \(record.builtinTime.millisecondsText) with the built-in kernels, "
          + "\(record.delegateTime.millisecondsText) with \(name)")
    case .mixed:
      guard excluded.contains(node.origin) else { return .accepted }
      return .refused(
        "measured: the model takes \(record.chosenTime.millisecondsText) with this operator on a built-in kernel, "
          + "\(record.delegateTime.millisecondsText) with all on \(name)")
    case .notMeasured(let reason):
      return .refused("\(name) was not tried, because the model could not be measured: \(reason)")
    }
  }

  func compile(_ region: DelegateRegion) throws(DelegateError) -> any CompiledRegion { try base.compile(region) }
}
