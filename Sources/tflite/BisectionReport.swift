internal import Comparison
internal import TFLiteRuntime

/// The fewest operators that depart by themselves, as `compare` says it.
struct BisectionReport: Encodable {
  struct Operator: Encodable {
    /// Where the operator stands in the model.
    let index: Int
    let op: String
  }

  struct OutputRow: Encodable {
    let name: String
    let errors: ComparisonReport.Errors?
    let departs: Bool
  }

  let subgraph: Int
  let operators: [Operator]
  let outputs: [OutputRow]
  /// How many sets of operators were tried.
  let attempts: Int
  /// The files that were written; nil without `--save-repro`.
  let repro: String?
  let reproInputs: String?

  init(
    _ finding: DepartureBisection.Finding, of model: Model, attempts: Int, tolerance: Double, repro: String?,
    reproInputs: String?
  ) {
    subgraph = finding.subgraph
    let nodes = model.subgraphs[finding.subgraph].nodes
    operators = finding.operators.map { Operator(index: $0, op: nodes[$0].name) }
    outputs = finding.outputs.map {
      OutputRow(name: $0.name, errors: $0.measures.map(ComparisonReport.Errors.init), departs: $0.relative > tolerance)
    }
    self.attempts = attempts
    self.repro = repro
    self.reproInputs = reproInputs
  }

  /// `reproduce` is the command's options that run the file that was written.
  func text(reproduce: String) -> String {
    let names = operators.map { "\(subgraph).\($0.index) \($0.op)" }
    let shown =
      names.count > 8
      ? names.prefix(4).joined(separator: ", ") + ", …, " + names.suffix(3).joined(separator: ", ")
      : names.joined(separator: ", ")
    var lines = [
      names.count == 1
        ? "departs by itself: \(shown)" : "the fewest operators that depart by themselves (\(names.count)): \(shown)"
    ]
    if let repro, let reproInputs {
      lines.append("written to \(repro) and \(reproInputs); again with:")
      lines.append("  tflite compare \(repro) --inputs \(reproInputs)\(reproduce)")
    }
    return lines.joined(separator: "\n")
  }
}
