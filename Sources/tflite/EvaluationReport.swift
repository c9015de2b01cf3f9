internal import Evaluation

/// What `evaluate` says.
struct EvaluationReport: Encodable {
  struct Row: Encodable {
    let delegate: String
    /// Right answers, and their share.
    let top1: Int
    let top1Accuracy: Double
    let top5: Int
    let top5Accuracy: Double
    /// Samples of which a score is not a number.
    let withoutNumber: Int
    let samplesPerSecond: Double?
    /// Operators that run, and those of them that run on the delegate.
    let operators: Int
    let delegatedOperators: Int
  }

  struct Agreement: Encodable {
    let first: String
    let second: String
    /// Samples to which both gave the same class, and their share.
    let same: Int
    let share: Double
  }

  let model: String
  let threads: Int
  let samples: Int
  let classes: Int
  let delegates: [Row]
  let agreement: [Agreement]

  init(
    model: String, threads: Int, _ evaluation: ClassifierEvaluation,
    operators: [(count: Int, delegated: Int)]
  ) {
    self.model = model
    self.threads = threads
    samples = evaluation.samples
    classes = evaluation.classes
    delegates = zip(evaluation.results, operators).map { result, operators in
      let rate = evaluation.samplesPerSecond(result)
      return Row(
        delegate: result.name, top1: result.tally.top1,
        top1Accuracy: Double(result.tally.top1) / Double(result.tally.samples), top5: result.tally.top5,
        top5Accuracy: Double(result.tally.top5) / Double(result.tally.samples),
        withoutNumber: result.tally.withoutNumber, samplesPerSecond: rate.isFinite ? rate : nil,
        operators: operators.count, delegatedOperators: operators.delegated)
    }
    agreement = evaluation.agreements.map {
      Agreement(
        first: $0.first, second: $0.second, same: $0.agreement.same,
        share: Double($0.agreement.same) / Double($0.agreement.samples))
    }
  }

  var text: String {
    func percent(_ share: Double) -> String { (100 * share).text(2) + " %" }
    let header = ["delegate", "top-1", "right", "top-5", "samples/s", "delegated"]
    var table = TextTable(
      header + delegates.map { "as \($0.delegate)" },
      [.left] + [TextTable.Alignment](repeating: .right, count: header.count - 1 + delegates.count))
    for row in delegates {
      var columns: [String] = [
        row.delegate, percent(row.top1Accuracy), "\(row.top1)", percent(row.top5Accuracy),
        row.samplesPerSecond.map { $0.text(0) } ?? "-", "\(row.delegatedOperators) of \(row.operators)",
      ]
      columns += delegates.map { other in
        agreement.first { Set([$0.first, $0.second]) == Set([row.delegate, other.delegate]) }
          .map { percent($0.share) } ?? ""
      }
      table.add(columns)
    }
    var lines = [
      Terminal.bold(model)
        + "  \(samples.grouped) samples, \(classes) classes, \(threads) thread\(threads == 1 ? "" : "s")",
      table.text(),
    ]
    for row in delegates where row.withoutNumber > 0 {
      lines.append("\(row.delegate): scores of \(row.withoutNumber) samples are not numbers")
    }
    return lines.joined(separator: "\n")
  }
}
