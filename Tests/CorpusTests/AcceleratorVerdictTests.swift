import Foundation
import TFLiteRuntime
import TensorTypes
import Testing

@testable import Delegates

/// Compares the accelerator's verdicts with those of the real partitioner, line by line of the corpus.
///
/// `ACCELERATOR_DISAGREEMENTS=1` prints where they differ, grouped by operator; `ACCELERATOR_DISAGREEMENTS=NAME` those of one operator.
@Suite(.enabled(if: Corpus.isThere, Corpus.missing)) struct AcceleratorVerdictTests {
  struct Line: Decodable {
    let model: String
    let soc: String
    let rc: Int
    let selected: String
    let partitions: [[Int]]
    /// Index, operator, kind and reason.
    let rejected: [[Field]]

    enum Field: Decodable {
      case number(Int)
      case text(String)

      init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let number = try? value.decode(Int.self) {
          self = .number(number)
        } else {
          self = .text(try value.decode(String.self))
        }
      }
    }

    func reason(_ index: Int) -> String? {
      for row in rejected {
        guard row.count >= 4, case .number(index) = row[0], case .text(let reason) = row[3] else { continue }
        return reason
      }
      return nil
    }
  }

  struct Figures {
    var operators = 0
    var agreeing = 0
    var models = 0
    var identical = 0
    var operatorShare: Double { Double(agreeing) / Double(max(operators, 1)) }
    var modelShare: Double { Double(identical) / Double(max(models, 1)) }
  }

  @Test func agreesWithTheRealPartitioner() throws {
    let text = try String(contentsOfFile: Corpus.path("qnn", "verdicts.jsonl"), encoding: .utf8)
    let decoder = JSONDecoder()
    var lines: [String: [Line]] = [:]
    for row in text.split(separator: "\n") {
      let line = try decoder.decode(Line.self, from: Data(row.utf8))
      lines[line.model, default: []].append(line)
    }
    let wanted = ProcessInfo.processInfo.environment["ACCELERATOR_DISAGREEMENTS"]
    var figures = Figures()
    var disagreements: [String: [String]] = [:]
    for (name, group) in lines.sorted(by: { $0.key < $1.key }) {
      let model = try? Model(contentsOf: Self.path(name))
      for line in group {
        guard let device = DeviceProfile.named(line.soc) else {
          Issue.record("\(line.soc) has no profile")
          continue
        }
        let assessment = model.map { AcceleratorAssessment($0, options: AcceleratorOptions(device: device)) }
        let main = assessment?.subgraphs.first
        let actual = main?.operators.map(\.isAccepted) ?? []
        let expected = line.selected.map { $0 == "1" }
        figures.models += 1
        figures.operators += expected.count
        if (main?.partitions ?? []).map(\.operators) == line.partitions { figures.identical += 1 }
        for index in expected.indices {
          if index < actual.count ? actual[index] == expected[index] : !expected[index] {
            figures.agreeing += 1
          } else if wanted != nil {
            let verdict = index < actual.count ? main?.operators[index] : nil
            let types = model.flatMap { Self.signature($0, verdict?.origin) } ?? "does not load"
            disagreements[verdict?.name ?? "?", default: []].append(
              "\(name) \(line.soc) rc \(line.rc) #\(index) real: \(expected[index] ? "taken" : line.reason(index) ?? "-") | "
                + "ours: \(verdict?.refusal ?? "taken") | \(types)")
          }
        }
        if actual.count != expected.count, wanted != nil {
          disagreements["COUNT", default: []].append(
            "\(name) \(line.soc): \(actual.count) operators, real \(expected.count)")
        }
      }
    }
    for (name, rows) in disagreements.sorted(by: { $0.value.count > $1.value.count })
    where wanted == "1" || wanted == name {
      Corpus.report("\(name): \(rows.count)")
      for row in rows { Corpus.report("  \(row)") }
    }
    Corpus.report(
      "accelerator: \(figures.agreeing) of \(figures.operators) operators agree (\(Self.percent(figures.operatorShare))), "
        + "\(figures.identical) of \(figures.models) models have identical partitions (\(Self.percent(figures.modelShare)))"
    )
    #expect(figures.operatorShare >= 0.99)
    #expect(figures.modelShare >= 0.97)
  }

  /// RELU, something of the CPU's and ADD, where ADD also reads RELU: what is known of the partitioner's other strategy is that it makes one partition
  /// of this, which depends on itself, and that runs of neighbours are not joined. The runtime splits it.
  @Test func aPartitionMayDependOnItself() throws {
    let model = try Model(contentsOf: Self.path("qnn/probes/part_cycle"))
    for (strategy, expected) in [
      (AcceleratorOptions.PartitionStrategy.contiguous, [[0], [2, 3]]), (.weaklyConnected, [[0, 2, 3]]),
    ] {
      let options = AcceleratorOptions(partitionStrategy: strategy)
      #expect(AcceleratorAssessment(model, options: options).subgraphs[0].partitions.map(\.operators) == expected)
      let interpreter = try Interpreter(model, delegates: [.accelerator(options)])
      try interpreter.invoke()
      #expect(interpreter.placement.operators.count { $0.delegate == "accelerator" } == 3)
      #expect(interpreter.placement.partitions.count == 2)
    }
  }

  private static func percent(_ share: Double) -> String { String(format: "%.3f %%", 100 * share) }

  /// A line names a file without `.tflite`, or a folder that holds `model.tflite`.
  private static func path(_ name: String) -> String {
    let file = Corpus.path(name + ".tflite")
    return FileManager.default.fileExists(atPath: file) ? file : Corpus.path(name, "model.tflite")
  }

  private static func signature(_ model: Model, _ origin: Node.Origin?) -> String? {
    guard let origin, model.subgraphs.indices.contains(origin.subgraph) else { return nil }
    let graph = model.subgraphs[origin.subgraph]
    guard graph.nodes.indices.contains(origin.index) else { return nil }
    let node = graph.nodes[origin.index]
    func text(_ id: TensorID) -> String {
      let tensor = graph[id]
      let shape = tensor.shapeSignature ?? tensor.type.shape.dimensions
      let quantization =
        switch tensor.type.quantization {
        case .none: ""
        case .perTensor(let scale, let zero): "q(\(scale),\(zero))"
        case .perChannel(let scales, _, let axis): "pc(\(scales.count)@\(axis))"
        case .blockwise: "block"
        }
      return "\(tensor.type.element)\(quantization)\(shape)\(tensor.constant == nil ? "" : "=")"
    }
    return node.inputs.map { $0.map(text) ?? "-" }.joined(separator: " ") + " -> "
      + node.outputs.map(text).joined(separator: " ")
  }
}
