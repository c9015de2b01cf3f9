internal import Comparison
internal import Foundation
internal import TFLiteRuntime
internal import TensorTypes

/// What `compare` says.
struct ComparisonReport: Encodable {
  /// Error measures of a tensor. Infinite ones are left out: JSON has no such number.
  struct Errors: Encodable {
    let count: Int
    let unequal: Int
    /// Differing elements that are infinite, not a number, or no numbers at all.
    let incomparable: Int
    let maxAbs: Double?
    let meanAbs: Double?
    /// The largest error relative to the largest magnitude of the reference.
    let relative: Double?
    /// In decibels; left out without error.
    let snrDb: Double?
    let cosine: Double

    init(_ measures: ErrorMeasures) {
      func finite(_ value: Double) -> Double? { value.isFinite ? value : nil }
      count = measures.count
      unequal = measures.unequal
      incomparable = measures.incomparable
      maxAbs = finite(measures.maximumAbsolute)
      meanAbs = finite(measures.meanAbsolute)
      relative = finite(measures.relative)
      snrDb = finite(measures.signalToNoise)
      cosine = measures.cosine
    }

    /// For people: largest, mean and relative error, signal-to-noise ratio, cosine.
    var columns: [String] {
      func number(_ value: Double?) -> String { value.map { String(format: "%.4g", $0) } ?? "inf" }
      return [
        number(maxAbs), number(meanAbs), number(relative), snrDb?.text(1) ?? (unequal == 0 ? "inf" : "-"),
        cosine.text(6),
      ]
    }
  }

  struct OutputRow: Encodable {
    let index: Int
    let name: String
    let dtype: String
    let shape: [Int]
    /// nil where the reference has another shape or type.
    let errors: Errors?
    let departs: Bool
    /// Why it departs, or how near it is.
    let summary: String

    init(index: Int, name: String, _ tensor: Tensor, reference: Tensor, tolerance: Double) {
      self.index = index
      self.name = name
      dtype = tensor.type.element.description
      shape = tensor.type.shape.dimensions
      let measures = ErrorMeasures(tensor, reference: reference)
      errors = measures.map(Errors.init)
      departs = measures.map { $0.relative > tolerance } ?? true
      summary = ComparisonReport.summary(measures, tensor, reference: reference)
    }

    enum CodingKeys: CodingKey { case index, name, dtype, shape, errors, departs }
  }

  /// For people: the end of a long name, which says more than the beginning.
  static func shortened(_ name: String) -> String { name.count > 48 ? "…" + name.suffix(47) : name }

  static func summary(_ measures: ErrorMeasures?, _ tensor: Tensor, reference: Tensor) -> String {
    guard let measures else { return "it is \(tensor.type), the reference \(reference.type)" }
    guard measures.incomparable == 0 else {
      return
        "\(measures.incomparable) of \(measures.count) elements differ and cannot be measured"
    }
    return String(
      format: "its largest error is %.4g, %.4g of the largest magnitude", measures.maximumAbsolute, measures.relative)
  }

  let model: String
  /// A delegate's name or the file's path.
  let reference: String
  let candidate: String
  let threads: Int
  let tolerance: Double
  let outputs: [OutputRow]
  /// nil where the reference is a file.
  let operators: OperatorComparison?
  /// nil where no output departs, or no operators do by themselves.
  let bisection: BisectionReport?
  /// The options that compare the file that was written in the same way.
  let reproduce: String

  enum CodingKeys: CodingKey { case model, reference, candidate, threads, tolerance, outputs, operators, bisection }

  var text: String {
    let measures = ["max error", "mean error", "relative", "SNR dB", "cosine"]
    let none = [String](repeating: "-", count: measures.count)
    let right = [TextTable.Alignment](repeating: .right, count: measures.count)
    var lines = [
      Terminal.bold(model)
        + "  \(candidate) against \(reference), \(threads) thread\(threads == 1 ? "" : "s"), tolerance "
        + String(format: "%g", tolerance)
    ]
    var table = TextTable(
      ["output", "name", "type", "shape"] + measures + [""], [.right, .left, .left, .left] + right + [.left])
    for row in outputs {
      let shape = "[" + row.shape.map(String.init).joined(separator: ", ") + "]"
      var columns: [String] = ["\(row.index)", Self.shortened(row.name), row.dtype, shape]
      columns += row.errors?.columns ?? none
      columns.append(row.departs ? "departs" : "")
      table.add(columns)
    }
    lines.append(table.text())
    guard let operators else { return lines.joined(separator: "\n") }
    lines.append("")
    func describe(_ row: OperatorComparison.Row) -> String {
      "\(row.subgraph).\(row.index) \(row.op) on \(row.delegate), \(row.tensorText): \(row.summary)"
    }
    if let first = operators.firstDeparture {
      lines.append("first operator beyond the tolerance: " + describe(first))
      if let lasting = operators.firstLastingDeparture {
        if lasting.tensor != first.tensor {
          lines.append("first that leads to a departing output: " + describe(lasting))
        }
      } else {
        lines.append("it leads to no departing output")
      }
    } else {
      lines.append("no operator is beyond the tolerance (\(operators.compared) tensors compared)")
    }
    if let bisection {
      lines.append(bisection.text(reproduce: reproduce))
    } else if outputs.contains(where: \.departs) {
      lines.append("no operators depart without the rest of the model")
    }
    guard !operators.worst.isEmpty else { return lines.joined(separator: "\n") }
    var worst = TextTable(
      ["worst", "operator", "runs on", "tensor"] + measures, [.right, .left, .left, .left] + right)
    for row in operators.worst {
      let columns: [String] = ["\(row.subgraph).\(row.index)", row.op, row.delegate, row.tensorText]
      worst.add(columns + (row.errors?.columns ?? none))
    }
    lines.append(worst.text(indent: "  "))
    return lines.joined(separator: "\n")
  }
}

/// What every operator of two interpreters wrote, compared. Both keep intermediate tensors and ran on the same inputs.
struct OperatorComparison: Encodable {
  struct Row: Encodable {
    /// Where the operator stands in the model.
    let subgraph: Int
    let index: Int
    let op: String
    /// Who ran it in the candidate.
    let delegate: String
    let tensor: Int
    let name: String
    let errors: ComparisonReport.Errors?
    /// Infinite where there is nothing to compare.
    let relative: Double
    let summary: String

    enum CodingKeys: CodingKey { case subgraph, index, op, delegate, tensor, name, errors }

    var tensorText: String { "T#\(tensor) " + ComparisonReport.shortened(name) }
  }

  /// Tensors that both have kept.
  let compared: Int
  /// The first in execution order that is beyond the tolerance: what it read is not.
  let firstDeparture: Row?
  /// The first from which departing tensors lead to an output that departs; nil where no output does. What departs without effect, such as the
  /// lowest number in a mask before a softmax, is not it.
  let firstLastingDeparture: Row?
  /// Those with the largest relative error, that error not being 0.
  let worst: [Row]

  init(_ candidate: Interpreter, reference: Interpreter, tolerance: Double, worst count: Int) {
    let delegates = Dictionary(
      candidate.placement.operators.map { ($0.origin, $0.delegate) }, uniquingKeysWith: { first, _ in first })
    var compared = 0
    var firstDeparture: Row?
    var rows: [Row] = []
    var departures: [TensorID: Row] = [:]
    for node in candidate.nodes {
      for id in node.outputs {
        guard let tensor = try? candidate.tensor(id), let expected = try? reference.tensor(id) else { continue }
        compared += 1
        let measures = ErrorMeasures(tensor, reference: expected)
        let relative = measures?.relative ?? .infinity
        guard relative > 0 else { continue }
        let row = Row(
          subgraph: node.origin.subgraph, index: node.origin.index, op: node.name,
          delegate: delegates[node.origin] ?? "constant", tensor: id.index, name: candidate.name(of: id),
          errors: measures.map(ComparisonReport.Errors.init), relative: relative,
          summary: ComparisonReport.summary(measures, tensor, reference: expected))
        if relative > tolerance {
          departures[id] = row
          if firstDeparture == nil { firstDeparture = row }
        }
        rows.append(row)
      }
    }
    self.compared = compared
    self.firstDeparture = firstDeparture
    var lasting = Set(candidate.outputs.map(\.tensor))
    var firstLasting: Row?
    for node in candidate.nodes.reversed() {
      guard let row = node.outputs.lazy.compactMap({ lasting.contains($0) ? departures[$0] : nil }).first else {
        continue
      }
      firstLasting = row
      for case let id? in node.inputs where departures[id] != nil { lasting.insert(id) }
    }
    firstLastingDeparture = firstLasting
    worst = Array(rows.sorted { $0.relative > $1.relative }.prefix(count))
  }
}
