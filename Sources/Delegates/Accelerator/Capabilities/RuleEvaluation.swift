internal import TensorTypes

/// Applies a row of the table to an operator.
extension OperatorRule {
  /// Why the accelerator does not take the operator; nil when it does.
  func refusal(_ node: OperatorSignature, on device: DeviceProfile) -> String? {
    guard !data.isEmpty else { return "\(lowering) has no kernel on this accelerator" }
    guard let first = node.given.first, !node.outputs.isEmpty else { return "operands are missing" }
    let subject = dataInput.flatMap { node.input($0) } ?? first
    guard let ranked = data.first(where: { $0.types.contains(subject.type) }) else {
      return "\(lowering) has no kernel for \(subject.type.text)"
    }
    guard ranked.ranks.contains(subject.rank) else {
      return "\(lowering) takes \(ranked.ranks.text) of \(subject.type.text), not \(subject.rank)"
    }
    if checks.contains(where: \.isBroadcast),
      let other = (node.given + node.outputs).first(where: { !ranked.ranks.contains($0.rank) })
    {
      return "\(lowering) takes \(ranked.ranks.text) of \(subject.type.text), not \(other.rank)"
    }
    let isReshape = builtin == .splitV && node.outputs.count == 1
    if !device.hasFloat, !isReshape, let type = floatType(node) {
      return "\(device.name) has no \(type.text) arithmetic"
    }
    for check in checks {
      if let reason = check.refusal(node, on: device) { return "\(lowering): \(reason)" }
    }
    return nil
  }

  /// The operand that ``data`` is about, where it is not the first.
  private var dataInput: Int? {
    for case .shape(.split(let data)) in checks { return data }
    if case .shape(.transposedConvolution2D)? = checks.first(where: { if case .shape = $0 { true } else { false } }) {
      return 2
    }
    return nil
  }

  private func floatType(_ node: OperatorSignature) -> Datatype? {
    (node.given + node.outputs).map(\.type).first {
      Datatypes.float.contains($0) && !floatAnywhere.contains($0)
    }
  }
}

extension ClosedRange<Int> {
  /// For people: `1 to 4 dimensions`.
  var text: String {
    lowerBound == upperBound ? "\(lowerBound) dimensions" : "\(lowerBound) to \(upperBound) dimensions"
  }
}

extension Check {
  var isBroadcast: Bool {
    if case .shape(.broadcast) = self { return true }
    return false
  }

  func refusal(_ node: OperatorSignature, on device: DeviceProfile) -> String? {
    switch self {
    case .inputs(let range):
      return range.contains(node.given.count) ? nil : "it takes \(range.inputs), not \(node.given.count)"
    case .input(let index, let types):
      guard let input = node.input(index) else { return "input \(index) is missing" }
      return types.contains(input.type) ? nil : "input \(index) is \(input.type.text); \(types.text) can be used"
    case .sameInput(let index):
      guard let first = node.input(0), let input = node.input(index) else { return "input \(index) is missing" }
      return first.type == input.type ? nil : "input \(index) is \(input.type.text), the first \(first.type.text)"
    case .sameInputs:
      let types = node.given.map(\.type)
      guard let other = types.first(where: { $0 != types[0] }) else { return nil }
      return "inputs of \(types[0].text) and \(other.text)"
    case .sameBranches:
      guard let first = node.input(1), let second = node.input(2) else { return "a branch is missing" }
      return first.type == second.type ? nil : "branches of \(first.type.text) and \(second.type.text)"
    case .storedAlike:
      let types = (node.given + node.outputs).map(\.type)
      func kind(_ type: Datatype) -> Datatype { Datatypes.byte.contains(type) ? .i8q : type }
      guard let other = types.first(where: { kind($0) != kind(types[0]) }) else { return nil }
      return "operands of \(types[0].text) and \(other.text)"
    case .outputLike(let index):
      guard let input = node.input(index) else { return "input \(index) is missing" }
      guard let other = node.outputs.first(where: { $0.type != input.type }) else { return nil }
      return "the output is \(other.type.text), the input \(input.type.text)"
    case .output(let types):
      guard let other = node.outputs.first(where: { !types.contains($0.type) }) else { return nil }
      return "the output is \(other.type.text); \(types.text) can be made"
    case .rank(let index, let ranks):
      guard let input = node.input(index) else { return "input \(index) is missing" }
      return ranks.contains(input.rank) ? nil : "input \(index) has \(input.rank) dimensions; it takes \(ranks.text)"
    case .outputRank(let ranks):
      guard let output = node.outputs.first(where: { !ranks.contains($0.rank) }) else { return nil }
      return "the output has \(output.rank) dimensions; it makes \(ranks.text)"
    case .constant(let index, let types):
      guard let input = node.input(index) else { return "input \(index) is missing" }
      guard input.constant != nil else { return "input \(index) must be a constant" }
      return types.contains(input.type) ? nil : "input \(index) is \(input.type.text); \(types.text) can be used"
    case .constantScalar(let index, let types):
      guard let input = node.input(index) else { return "input \(index) is missing" }
      guard input.constant != nil, input.elementCount == 1 else {
        return "input \(index) must be a constant of one element"
      }
      return types.contains(input.type) ? nil : "input \(index) is \(input.type.text); \(types.text) can be used"
    case .perTensor:
      return (node.given + node.outputs).contains(where: \.isPerChannel) ? "an operand is quantised per channel" : nil
    case .versions(let range):
      return range.contains(node.version) ? nil : "version \(node.version) of the operator"
    case .operandRanks(let ranks):
      guard let operand = (node.given + node.outputs).first(where: { !ranks.contains($0.rank) }) else { return nil }
      return "an operand of \(operand.rank) dimensions; it takes \(ranks.text)"
    case .optionalInput(let index, let types):
      guard let input = node.input(index) else { return nil }
      return types.contains(input.type) ? nil : "input \(index) is \(input.type.text); \(types.text) can be used"
    case .allInputs(let types):
      guard let other = node.given.first(where: { !types.contains($0.type) }) else { return nil }
      return "an input is \(other.type.text); \(types.text) can be used"
    case .activation(let slot, let allowed):
      let value = node.byteOption(slot)
      return allowed.contains(value) ? nil : "option \(slot) is \(value)"
    case .integer(let slot, let range, let value, let name):
      let actual = node.option(slot, default: Int32(clamping: value))
      return range.contains(actual) ? nil : "the \(name) is \(actual), and must be \(range)"
    case .fusedActivation(let slot):
      return fusedActivation(node, code: node.byteOption(slot))
    case .flagsNotBoth(let slots, let name):
      return slots.allSatisfy { node.flag($0) } ? "\(name) together" : nil
    case .option(let slot, let value, let name):
      let actual = node.option(slot)
      return actual == value ? nil : "the \(name) is \(actual), and must be \(value)"
    case .weights(let rules):
      return rules.refusal(node, on: device.architecture)
    case .secondInput(let pairs):
      guard let first = node.input(0), let second = node.input(1) else { return "input 1 is missing" }
      return refusal(pairs, first.type, second.type, on: device)
    case .conversion(let pairs):
      guard let first = node.input(0), let output = node.output else { return "operands are missing" }
      return refusal(pairs, first.type, output.type, on: device)
    case .packing(let data, let one, let scalars):
      return packing(node, data, one: one, scalars: scalars)
    case .shape(let rule):
      return rule.refusal(node)
    }
  }

  private func refusal(
    _ pairs: [DatatypePair], _ first: Datatype, _ second: Datatype, on device: DeviceProfile
  ) -> String? {
    let fitting = pairs.filter { pair in
      (pair.first.contains(first) || pair.first.contains(first.stored))
        && (pair.second.contains(second) || pair.second.contains(second.stored))
    }
    guard let pair = fitting.first else { return "no kernel for \(first.text) with \(second.text)" }
    if pair.needsFloat, !device.hasFloat { return "\(device.name) has no float arithmetic" }
    return pair.minimum <= device.architecture
      ? nil : "\(first.text) with \(second.text) needs Hexagon \(pair.minimum) or newer"
  }

  private func packing(
    _ node: OperatorSignature, _ data: [RankedTypes], one: BuiltinOperator, scalars: BuiltinOperator
  ) -> String? {
    guard let first = node.given.first, let output = node.output else { return "operands are missing" }
    let allowed =
      if node.given.count == 1 {
        CapabilityTable.row(one)?.data ?? []
      } else if output.rank != first.rank + 1 {
        CapabilityTable.row(scalars)?.data ?? []
      } else {
        data
      }
    let fits = allowed.contains { $0.types.contains(first.type) && $0.ranks.contains(first.rank) }
    return fits ? nil : "no kernel for \(node.given.count) inputs of \(first.text)"
  }

  /// A fused activation becomes an operator of its own on the result.
  private func fusedActivation(_ node: OperatorSignature, code: Int) -> String? {
    guard let output = node.output else { return "the output is missing" }
    let names = ["NONE", "RELU", "RELU_N1_TO_1", "RELU6", "TANH"]
    let standalone: BuiltinOperator
    switch code {
    case 1: standalone = .relu
    case 2: standalone = .reluN1To1
    case 3: standalone = .relu6
    case 4: standalone = .tanh
    default: return nil
    }
    guard let row = CapabilityTable.row(standalone),
      let ranked = row.data.first(where: { $0.types.contains(output.type) }), ranked.ranks.contains(output.rank)
    else { return "the fused activation \(names[code]) has no kernel for \(output.text)" }
    return nil
  }
}

extension ClosedRange<Int> {
  fileprivate var inputs: String {
    lowerBound == upperBound ? "\(lowerBound) inputs" : "\(lowerBound) to \(upperBound) inputs"
  }
}
