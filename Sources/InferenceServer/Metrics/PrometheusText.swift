/// Writes metrics in Prometheus' text format, version 0.0.4.
package struct PrometheusText {
  package private(set) var text = ""

  package init() {}

  /// Begins a family of samples.
  package mutating func family(_ name: String, _ type: String, _ help: String) {
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
  }

  package mutating func sample(_ name: String, _ labels: [(String, String)], _ value: String) {
    text += name
    if !labels.isEmpty {
      text += "{" + labels.map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ",") + "}"
    }
    text += " \(value)\n"
  }

  package mutating func histogram(_ name: String, _ labels: [(String, String)], _ histogram: Histogram) {
    var total: UInt64 = 0
    for (bound, count) in zip(histogram.bounds, histogram.counts) {
      total += count
      sample(name + "_bucket", labels + [("le", Self.number(bound))], String(total))
    }
    sample(name + "_bucket", labels + [("le", "+Inf")], String(histogram.count))
    sample(name + "_sum", labels, Self.number(histogram.sum))
    sample(name + "_count", labels, String(histogram.count))
  }

  private static func number(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : value.description
  }

  private static func escaped(_ value: String) -> String {
    var result = ""
    for character in value {
      switch character {
      case "\\": result += "\\\\"
      case "\"": result += "\\\""
      case "\n": result += "\\n"
      default: result.append(character)
      }
    }
    return result
  }
}
