internal import TFLiteRuntime

/// What graph passes did to a subgraph.
struct PassesRow: Encodable {
  struct Row: Encodable {
    let pass: String
    let matches: Int
  }
  let subgraph: Int
  /// Operators of the subgraph as it is stored.
  let operators: Int
  /// Operators after the passes that run at load.
  let operatorsAfterLoad: Int
  let passes: [Row]
  /// The names of the steps that an invocation runs, in order.
  let steps: [String]

  init(_ report: PassReport, subgraph: Int) {
    self.subgraph = subgraph
    operators = report.storedOperators
    operatorsAfterLoad = report.compiledOperators
    passes = GraphPass.allCases.map { Row(pass: $0.rawValue, matches: report.matches[$0] ?? 0) }
    steps = report.steps
  }

  var text: String {
    var lines = [
      Terminal.bold("subgraph \(subgraph)")
        + ": \(operators) operators, \(operatorsAfterLoad) after load, \(steps.count) steps"
    ]
    var table = TextTable(["pass", "matches"], [.left, .right])
    for row in passes { table.add([row.pass, "\(row.matches)"]) }
    lines.append(table.text(indent: "  "))
    lines.append("")
    var list = TextTable(["step", "name"], [.right, .left])
    for (index, name) in steps.enumerated() { list.add(["\(index)", name]) }
    lines.append(list.text(indent: "  "))
    return lines.joined(separator: "\n")
  }
}

extension ModelReport {
  /// What `inspect --passes` prints.
  var passesText: String {
    var lines = passes.map(\.text)
    if let error { lines.append("cannot be run: \(error)") }
    return lines.joined(separator: "\n\n")
  }
}
