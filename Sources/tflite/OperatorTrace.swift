internal import Foundation
internal import TFLiteRuntime
internal import TensorFiles

/// What ran when, in the JSON form that Chrome's and Perfetto's viewers open. Configurations are its processes.
///
/// Source: Trace Event Format, events of phase X (complete) and M (metadata).
struct OperatorTrace: Encodable {
  /// How many events of one configuration are kept.
  static let eventsPerConfiguration = 100_000

  struct Details: Encodable {
    var name: String?
    var subgraph: Int?
    var index: Int?
    var reason: String?
  }

  struct Event: Encodable {
    let name: String
    var cat: String?
    let ph: String
    /// Microseconds since the configuration's first event.
    var ts: Double?
    var dur: Double?
    let pid: Int
    let tid: Int
    let args: Details
  }

  var traceEvents: [Event] = []
  let displayTimeUnit = "ms"

  /// Adds what a profiler recorded. Operators inside a region come as events within the region's.
  mutating func add(_ label: String, _ interpreter: Interpreter, _ events: [Profiler.Event]) {
    let process = 1 + traceEvents.reduce(0) { max($0, $1.pid) }
    traceEvents.append(Event(name: "process_name", ph: "M", pid: process, tid: 1, args: Details(name: label)))
    traceEvents.append(
      Event(name: "thread_name", ph: "M", pid: process, tid: 1, args: Details(name: "the interpreter's thread")))
    let places = OperatorPlaces(interpreter)
    let start = events.map(\.startNanoseconds).min() ?? 0
    for event in events {
      let entry = places[event.node]
      let isStep = !event.isInsideRegion
      traceEvents.append(
        Event(
          name: event.name, cat: entry?.delegate ?? Placement.builtin, ph: "X",
          ts: Double(event.startNanoseconds - start) / 1000, dur: Double(event.nanoseconds) / 1000, pid: process,
          tid: 1,
          args: Details(
            subgraph: entry?.origin.subgraph, index: entry?.origin.index,
            reason: isStep ? entry.flatMap { $0.reason.isEmpty ? nil : $0.reason } : nil)))
    }
  }

  func write(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write(String(decoding: try encoder.encode(self), as: UTF8.self) + "\n", to: path)
  }
}

/// The placement of the operators that an interpreter runs, by their number there.
struct OperatorPlaces {
  private let nodes: [Node]
  private let entries: [Node.Origin: Placement.Entry]

  init(_ interpreter: Interpreter) {
    nodes = interpreter.nodes
    entries = Dictionary(
      interpreter.placement.operators.map { ($0.origin, $0) }, uniquingKeysWith: { first, _ in first })
  }

  subscript(node: Int) -> Placement.Entry? { nodes.indices.contains(node) ? entries[nodes[node].origin] : nil }
}
