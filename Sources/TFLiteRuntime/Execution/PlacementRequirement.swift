internal import TensorTypes

/// What must run on delegates for a model to be run at all, so that nothing falls back in silence.
public enum PlacementRequirement: Sendable, Hashable {
  /// Anything may run anywhere.
  case anywhere
  /// Every operator runs on a delegate.
  case full
  /// At least this share of the operators does, from 0 to 1.
  case share(Double)
  /// Every operator of these names does, such as `CONV_2D`. A name that is neither a builtin operator's nor that of one in the model is never met, so
  /// that a misspelt one does not pass for fulfilled. Capital and small letters are the same.
  case operators(Set<String>)

  /// Reads `full`, `none`, `80%` or `op:CONV_2D,ADD`; nil for anything else.
  public init?(_ text: String) {
    if text == "none" {
      self = .anywhere
    } else if text == "full" {
      self = .full
    } else if text.hasPrefix("op:") {
      let names = text.dropFirst(3).split(separator: ",").map { $0.uppercased() }
      guard !names.isEmpty else { return nil }
      self = .operators(Set(names))
    } else if text.hasSuffix("%"), let percent = Double(text.dropLast()), (0...100).contains(percent) {
      self = .share(percent / 100)
    } else {
      return nil
    }
  }

  /// Why a placement does not do; nil when it does.
  ///
  /// - Parameters:
  ///   - placement: where operators run.
  ///   - unplanned: names of operators that no delegate is asked about, because their shapes depend on values.
  public func disappointment(_ placement: Placement, unplanned: [String] = []) -> String? {
    let elsewhere = placement.operators.filter { $0.delegate == Placement.builtin }
    let total = placement.operators.count + unplanned.count
    let missing = elsewhere.count + unplanned.count
    func example(_ entries: [Placement.Entry]) -> String {
      guard let first = entries.first else { return "its place is decided while the model runs" }
      return "operator \(first.origin.index) \(first.name): \(first.reason.isEmpty ? "no delegate" : first.reason)"
    }
    switch self {
    case .anywhere: return nil
    case .full:
      return missing == 0
        ? nil : "all operators are required on a delegate, \(missing) of \(total) are not; \(example(elsewhere))"
    case .share(let share):
      guard total > 0, Double(total - missing) < share * Double(total) else { return nil }
      return "\(share * 100) % of the operators are required on a delegate, \(total - missing) of \(total) are; "
        + example(elsewhere)
    case .operators(let names):
      let wanted = Set(names.map { $0.uppercased() })
      let failing = elsewhere.filter { wanted.contains($0.name.uppercased()) }
      let undecided = unplanned.count { wanted.contains($0.uppercased()) }
      if failing.count + undecided > 0 {
        return "\(failing.count + undecided) required operators are on no delegate; \(example(failing))"
      }
      let known = Set((placement.operators.map(\.name) + unplanned).map { $0.uppercased() })
      guard let unknown = wanted.subtracting(known).subtracting(Self.builtinNames).min() else { return nil }
      return "\(unknown) is required on a delegate, but is neither a builtin operator nor one of the model's"
    }
  }

  private static let builtinNames = Set(BuiltinOperator.allCases.map(\.name))
}

extension PlacementRequirement: CustomStringConvertible {
  /// As ``init(_:)`` reads it.
  public var description: String {
    switch self {
    case .anywhere: "none"
    case .full: "full"
    case .share(let share): "\(share * 100)%"
    case .operators(let names): "op:" + names.sorted().joined(separator: ",")
    }
  }
}
