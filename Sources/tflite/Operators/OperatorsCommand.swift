internal import ArgumentParser
internal import Delegates
internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

/// `tflite operators`
struct OperatorsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "operators",
    abstract: "List the operators, the element types they take, and which delegates take them.",
    discussion: "Found out by asking the kernels and the delegates, so that it is what this build does.")

  @OptionGroup var operators: OperatorArguments

  @Flag(help: "Print as JSON.")
  var json = false

  @Flag(help: "Print as docs/operators.md.")
  var markdown = false

  func validate() throws {
    guard !json || !markdown else { throw ValidationError("--json and --markdown exclude each other.") }
  }

  func run() throws {
    let list = try OperatorList(try operators.table(), delegates: [.xnnpack()])
    if json { try printJSON(list) } else { print(markdown ? list.markdown : list.text) }
  }
}

/// What `operators` says.
struct OperatorList: Encodable {
  struct Row: Encodable {
    let name: String
    let custom: Bool
    let minimumVersion: Int
    let maximumVersion: Int
    /// The input whose element types are listed; null where they are the output's.
    let input: Int?
    /// Empty where no combination that was tried is taken.
    let types: [String]
    /// For each of ``types`` the types of the weights, where the operator has weights.
    let weights: [String: [String]]
    let xnnpack: [String]

    var versions: String {
      if custom { return "–" }
      return minimumVersion == maximumVersion ? "\(minimumVersion)" : "\(minimumVersion)–\(maximumVersion)"
    }
    var typeText: String {
      guard !types.isEmpty else { return "–" }
      let place = input.map { $0 == 0 ? "" : "input \($0): " } ?? "output: "
      guard weights.contains(where: { $1 != [$0] }) else { return place + OperatorList.short(types) }
      return place
        + types.map { type in
          guard let others = weights[type], others != [type] else { return type }
          return "\(type) (weights: \(others.joined(separator: ", ")))"
        }.joined(separator: ", ")
    }
  }

  let operators: [Row]

  init(_ table: OperatorTable, delegates: [any Delegate]) throws {
    let probe = try OperatorProbe(delegates: delegates)
    operators = table.definitions.compactMap { definition in
      guard let registration = table.registration(of: definition.identity) else { return nil }
      let result = probe(registration)
      func names(_ types: Set<ElementType>) -> [String] {
        ElementType.allCases.filter(types.contains).sorted { Self.order($0) < Self.order($1) }.map(\.description)
      }
      var isCustom = false
      if case .custom = definition.identity { isCustom = true }
      // What takes no floats beside floats are indices or sizes, not weights.
      let hasWeights = result.weights[.float32]?.contains(.float32) == true
      let weights = hasWeights ? result.weights : [:]
      return Row(
        name: definition.name, custom: isCustom, minimumVersion: definition.versions.lowerBound,
        maximumVersion: definition.versions.upperBound, input: result.input, types: names(result.types),
        weights: Dictionary(
          uniqueKeysWithValues: weights.filter { result.types.contains($0.key) }.map {
            ($0.key.description, names($0.value))
          }),
        xnnpack: names(result.delegated["xnnpack"] ?? []))
    }
  }

  /// Floats, then integers by width, then the rest.
  private static func order(_ type: ElementType) -> Int {
    let all: [ElementType] = [
      .float32, .float16, .bfloat16, .float64, .float8E4M3FN, .float8E5M2, .int8, .uint8, .int16, .uint16, .int32,
      .uint32, .int64, .uint64, .int4, .uint4, .int2, .bool, .complex64, .complex128, .string, .resource, .variant,
    ]
    return all.firstIndex(of: type) ?? all.count
  }

  /// `all` stands for every type of a fixed width.
  fileprivate static func short(_ types: [String]) -> String {
    let numbers = ElementType.allCases.filter { ![.string, .resource, .variant].contains($0) }.map(\.description)
    let missing = numbers.filter { !types.contains($0) }
    guard missing.count <= 5 else { return types.joined(separator: ", ") }
    let all = missing.isEmpty ? "all" : "all but " + missing.joined(separator: ", ")
    return types.contains("string") ? all + "; string" : all
  }

  var text: String {
    var table = TextTable(["operator", "versions", "element types", "xnnpack"], [.left, .left, .left, .left])
    for row in operators { table.add([row.name, row.versions, row.typeText, Self.short(row.xnnpack)]) }
    return table.text()
  }

  var markdown: String {
    var lines = [
      "# Operators",
      "",
      "\(operators.count) operators. Written by `scripts/check-operators --write`, which asks every kernel and every delegate what it takes; CI fails when it is out of date.",
      "",
      "*Element types* are those of the first input, or of the operand that is named; others follow from it (bias, axes, indices). *weights*: what weights may be where they",
      "need not have the type of the data; float data with integer weights is quantised while the model runs. \"–\": the operator has no tensors as operands. *all*: every type of a fixed width; handles are left out. *XNNPACK* lists the types that the delegate takes in some form, also where there is no built-in kernel; "
        + "everything else, and every operator that it refuses in a model, runs with the built-in kernels.",
      "",
      "| operator | versions | element types | XNNPACK |",
      "|---|---|---|---|",
    ]
    for row in operators {
      lines.append("| \(row.name) | \(row.versions) | \(row.typeText) | \(Self.short(row.xnnpack)) |")
    }
    return lines.joined(separator: "\n")
  }
}
