internal import ArgumentParser
internal import Delegates
internal import FlatBuffers
internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

/// `tflite inspect`
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Show what is in a model, where each operator would run and why, and the memory plan.")

  @OptionGroup var arguments: ModelArguments

  @Flag(help: "Print as JSON.")
  var json = false

  @Flag(help: "Show what each graph pass did, and the steps that are left.")
  var passes = false

  func validate() throws { try arguments.requireOneThreadCount() }

  func run() throws {
    let model = try arguments.loadModel()
    let report = try ModelReport(model, arguments)
    if json { try printJSON(report) } else { print(passes ? report.passesText : report.text) }
    if let disappointment = report.disappointment { throw CommandError("--require: \(disappointment)") }
  }
}

/// Everything that `inspect` says.
struct ModelReport: Encodable {
  struct SignatureRow: Encodable {
    let key: String
    let subgraph: Int
    let inputs: [String]
    let outputs: [String]
  }
  struct TensorRow: Encodable {
    let subgraph: Int
    let index: Int
    let name: String
    let type: String
    let shape: [Int]
    let quantization: String?
    let constantBytes: Int?
  }
  struct OperatorRow: Encodable {
    let subgraph: Int
    let index: Int
    let op: String
    let version: Int
    /// Tensor indices, -1 for an optional input that is left out.
    let inputs: [Int]
    let outputs: [Int]
    /// Who runs it; `constant` when it was computed at load, `inlined` for a composite, nil when nobody can.
    let delegate: String?
    let reason: String
  }
  struct PartitionRow: Encodable {
    let subgraph: Int
    let delegate: String
    /// Indices in the subgraph, or positions in `accelerator.inlined` where composites were replaced.
    let operators: [Int]
    let inputBytes: Int
    let outputBytes: Int
  }
  struct ArenaRow: Encodable {
    let bytes: Int
    let lowerBound: Int
    let optimal: Bool
  }
  struct Subgraph: Encodable {
    let index: Int
    let name: String
    let inputs: [Int]
    let outputs: [Int]
  }

  let model: String
  let description: String
  let version: Int
  let bytes: Int
  let constantBytes: Int
  let metadata: [String]
  let signatures: [SignatureRow]
  let subgraphs: [Subgraph]
  let tensors: [TensorRow]
  let operators: [OperatorRow]
  let partitions: [PartitionRow]
  /// nil when the model cannot be run.
  let arena: ArenaRow?
  /// Why the model cannot be run; nil when it can.
  let error: String?
  /// What the accelerator's compiler says; nil for other delegates.
  let accelerator: AcceleratorReport?
  /// What the graph passes did, for each subgraph that is planned.
  let passes: [PassesRow]
  /// What the placement lacks of what is required.
  let disappointment: String?

  init(_ model: Model, _ arguments: ModelArguments) throws {
    self.model = arguments.model
    description = model.description
    version = model.version
    bytes = model.byteCount
    metadata = model.metadata.map(\.name)
    signatures = model.signatures.map { signature in
      SignatureRow(
        key: signature.key, subgraph: signature.subgraph, inputs: signature.inputs.map(\.name),
        outputs: signature.outputs.map(\.name))
    }
    subgraphs = model.subgraphs.enumerated().map { index, graph in
      Subgraph(index: index, name: graph.name, inputs: graph.inputs.map(\.index), outputs: graph.outputs.map(\.index))
    }
    tensors = model.subgraphs.enumerated().flatMap { number, graph in
      graph.tensors.enumerated().map { index, tensor in
        TensorRow(
          subgraph: number, index: index, name: tensor.name, type: tensor.type.element.description,
          shape: tensor.shapeSignature ?? tensor.type.shape.dimensions, quantization: tensor.type.quantization.text,
          constantBytes: tensor.constant?.bytes.count)
      }
    }
    constantBytes = tensors.reduce(0) { $0 + ($1.constantBytes ?? 0) }

    var placement = Placement()
    var arena: ArenaReport?
    var error: String?
    // The asked-for signature first (its arena is reported), then those of other subgraphs.
    var planned: Set<Int> = []
    var unplanned: [String] = []
    var passes: [PassesRow] = []
    for signature in [arguments.signature] + model.signatures.map({ Optional($0.key) }) {
      do {
        let interpreter = try arguments.makeInterpreter(model, signature: signature, requirement: .anywhere)
        guard planned.insert(interpreter.subgraph).inserted else { continue }
        try interpreter.allocate()
        unplanned += interpreter.unplannedOperators
        placement.append(interpreter.placement)
        passes.append(PassesRow(interpreter.passes, subgraph: interpreter.subgraph))
        if planned.count == 1 { arena = interpreter.arena }
      } catch let failure {
        if error == nil { error = "\(failure)" }
      }
    }
    self.error = error
    self.passes = passes
    if arguments.delegate == .accelerator {
      // The compiler's answer on the operators of the file counts, whether or not the model can be run here.
      let options = try arguments.accelerator.options()
      let assessment = AcceleratorAssessment(model, options: options)
      placement = assessment.placement
      unplanned = []
      accelerator = AcceleratorReport(assessment, options)
    } else {
      accelerator = nil
    }
    disappointment = arguments.requirement.disappointment(placement, unplanned: unplanned)
    self.arena = arena.map { ArenaRow(bytes: $0.bytes, lowerBound: $0.lowerBound, optimal: $0.isProvenOptimal) }
    partitions = placement.partitions.map {
      PartitionRow(
        subgraph: $0.subgraph, delegate: $0.delegate, operators: $0.operators, inputBytes: $0.inputBytes,
        outputBytes: $0.outputBytes)
    }
    let entries = Dictionary(placement.operators.map { ($0.origin, $0) }, uniquingKeysWith: { first, _ in first })
    operators = model.subgraphs.enumerated().flatMap { number, graph in
      graph.nodes.map { node -> OperatorRow in
        let delegate: String?
        let reason: String
        if let entry = entries[node.origin], entry.delegate != Placement.builtin {
          (delegate, reason) = (entry.delegate, entry.reason)
        } else if case .failure(let problem) = node.implementation, node.identity != .builtin(.stablehloComposite) {
          let refusal = entries[node.origin]?.reason ?? ""
          (delegate, reason) = (nil, refusal.isEmpty ? problem.description : "\(refusal); \(problem)")
        } else if let entry = entries[node.origin] {
          (delegate, reason) = (entry.delegate, entry.reason)
        } else if error != nil {
          (delegate, reason) = (nil, "")
        } else if node.identity == .builtin(.stablehloComposite) {
          (delegate, reason) = ("inlined", "replaced by its decomposition")
        } else {
          (delegate, reason) = ("constant", "computed at load, or not needed")
        }
        return OperatorRow(
          subgraph: number, index: node.origin.index, op: node.name, version: node.version,
          inputs: node.inputs.map { $0?.index ?? -1 }, outputs: node.outputs.map(\.index), delegate: delegate,
          reason: reason)
      }
    }
  }

  var text: String {
    var lines = [
      "\(Terminal.bold(model))  \(bytes.grouped) bytes, schema version \(version)",
      description.isEmpty ? nil : "description: \(description)",
      "constants: \(constantBytes.grouped) bytes",
      metadata.isEmpty ? nil : "metadata: \(metadata.joined(separator: ", "))",
    ].compactMap { $0 }
    for signature in signatures {
      lines.append(
        "signature \(signature.key) (subgraph \(signature.subgraph)): \(signature.inputs.joined(separator: ", ")) -> "
          + signature.outputs.joined(separator: ", "))
    }
    for graph in subgraphs {
      let rows = tensors.filter { $0.subgraph == graph.index }
      lines += ["", Terminal.bold("subgraph \(graph.index) \(graph.name)")]
      func row(_ role: String, _ index: Int) -> String {
        guard rows.indices.contains(index) else { return "" }
        let tensor = rows[index]
        let quantization = tensor.quantization.map { "  \($0)" } ?? ""
        return "  \(role) T#\(index) \(tensor.type)\(tensor.shape) \(tensor.name)\(quantization)"
      }
      lines += graph.inputs.map { row("input ", $0) } + graph.outputs.map { row("output", $0) }
      var table = TextTable(
        ["op", "name", "version", "inputs", "outputs", "runs on", "why"],
        [.right, .left, .right, .left, .left, .left, .left])
      for row in operators where row.subgraph == graph.index {
        func types(_ ids: [Int]) -> String {
          ids.map { id in
            guard rows.indices.contains(id) else { return "-" }
            return "\(rows[id].type)\(rows[id].shape)" + (rows[id].constantBytes == nil ? "" : "*")
          }.joined(separator: " ")
        }
        table.add([
          "\(row.index)", row.op, "\(row.version)", types(row.inputs), types(row.outputs), row.delegate ?? "-",
          row.reason,
        ])
      }
      lines.append(table.text(indent: "  "))
    }
    lines.append("")
    for partition in partitions {
      lines.append(
        "partition on \(partition.delegate): \(partition.operators.count) operators of subgraph \(partition.subgraph), "
          + "\(partition.inputBytes.grouped) bytes in, \(partition.outputBytes.grouped) out")
    }
    if let arena {
      lines.append(
        "arena: \(arena.bytes.grouped) bytes, lower bound \(arena.lowerBound.grouped), "
          + (arena.optimal
            ? "proven optimal"
            : "\((100 * Double(arena.bytes - arena.lowerBound) / Double(max(arena.lowerBound, 1))).text(1))% above it")
      )
    }
    if let accelerator {
      if let failure = accelerator.failure { lines.append("the accelerator takes nothing: \(failure)") }
      if let problem = accelerator.compileProblems.first {
        let count = accelerator.compileProblems.count
        lines.append(
          "on a device compiling is known to fail, and nothing is delegated: \(problem)"
            + (count > 1 ? ", and \(count - 1) more" : ""))
      }
      lines.append(accelerator.estimate.text)
    }
    if let error { lines.append("cannot be run: \(error)") }
    return lines.joined(separator: "\n")
  }
}

extension Quantization {
  /// For people: scale and zero point, or how many there are; nil when there are none.
  fileprivate var text: String? {
    switch self {
    case .none: nil
    case .perTensor(let scale, let zeroPoint): "scale \(scale) zero point \(zeroPoint)"
    case .perChannel(let scales, _, let axis): "\(scales.count) scales along axis \(axis)"
    case .blockwise(_, _, let blockSize): "blocks of \(blockSize)"
    }
  }
}
