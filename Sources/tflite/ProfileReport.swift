internal import TFLiteRuntime

/// The time of a step in the average invocation.
struct StepTime: Encodable {
  let node: Int
  let name: String
  let firstUs: Double
  let avgUs: Double
  let count: Int

  init(_ entry: Profiler.Entry) {
    node = entry.node
    name = entry.name
    firstUs = Double(entry.firstNanoseconds) / 1000
    avgUs = Double(entry.totalNanoseconds) / 1000 / Double(max(entry.invocations, 1))
    count = entry.invocations
  }
}

/// The three tables that users of TFLite's `benchmark_model` know.
struct ProfileReport {
  let entries: [StepTime]

  var text: String {
    let total = entries.reduce(0) { $0 + $1.avgUs }
    func percent(_ time: Double) -> String { (total > 0 ? 100 * time / total : 0).text(2) }
    func table(_ rows: [StepTime]) -> String {
      var table = TextTable(
        ["[node type]", "[first ms]", "[avg ms]", "[%]", "[cdf%]", "[times called]", "[node]"],
        [.left, .right, .right, .right, .right, .right, .right])
      var cumulative = 0.0
      for row in rows {
        cumulative += row.avgUs
        table.add([
          row.name, (row.firstUs / 1000).text(3), (row.avgUs / 1000).text(3), percent(row.avgUs), percent(cumulative),
          "\(row.count)", "\(row.node)",
        ])
      }
      return table.text(indent: "  ")
    }
    var summary = TextTable(["[node type]", "[count]", "[avg ms]", "[%]"], [.left, .right, .right, .right])
    let groups = Dictionary(grouping: entries, by: \.name).map { name, rows in
      (name: name, count: rows.count, time: rows.reduce(0) { $0 + $1.avgUs })
    }
    for group in groups.sorted(by: { ($1.time, $0.name) < ($0.time, $1.name) }) {
      summary.add([group.name, "\(group.count)", (group.time / 1000).text(3), percent(group.time)])
    }
    return """

      Run Order
      \(table(entries))

      Top by Computation Time
      \(table(Array(entries.sorted { $0.avgUs > $1.avgUs }.prefix(10))))

      Summary by node type
      \(summary.text(indent: "  "))

      \(entries.count) nodes observed, \((total / 1000).text(3)) ms
      """
  }
}
