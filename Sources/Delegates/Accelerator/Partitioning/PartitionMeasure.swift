internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

/// Works out a partition's boundary and its estimate.
struct PartitionMeasure {
  private let graph: Graph
  private let options: AcceleratorOptions
  private let boundary: Set<TensorID>
  /// The positions that read each tensor.
  private let readers: [TensorID: [Int]]
  private let writers: [TensorID: Int]

  init(_ graph: Graph, options: AcceleratorOptions) {
    self.graph = graph
    self.options = options
    boundary = Set(graph.inputs + graph.outputs)
    var readers: [TensorID: [Int]] = [:]
    var writers: [TensorID: Int] = [:]
    for (position, node) in graph.nodes.enumerated() {
      for case let id? in node.inputs { readers[id, default: []].append(position) }
      for id in node.outputs { writers[id] = position }
    }
    self.readers = readers
    self.writers = writers
  }

  func partition(_ positions: [Int]) -> AcceleratorAssessment.Partition {
    let members = Set(positions)
    var inputs: Set<TensorID> = []
    var outputs: Set<TensorID> = []
    /// The last position of the partition that needs each tensor it computes or reads.
    var lastUse: [TensorID: Int] = [:]
    for position in positions {
      let node = graph.nodes[position]
      for case let id? in node.inputs where graph[id].constant == nil || graph.inputs.contains(id) {
        lastUse[id] = position
        if writers[id].map({ !members.contains($0) }) ?? true { inputs.insert(id) }
      }
      for id in node.outputs {
        lastUse[id] = max(lastUse[id] ?? position, position)
        if graph.outputs.contains(id) || (readers[id] ?? []).contains(where: { !members.contains($0) }) {
          outputs.insert(id)
        }
      }
    }
    let last = positions.last ?? 0
    for id in outputs { lastUse[id] = last }
    var work: [(work: OperatorWork, liveBytes: Double)] = []
    var alive: Set<TensorID> = []
    var live = 0.0
    var problems: [String] = []
    for position in positions {
      let node = graph.nodes[position]
      for id in node.inputs.compactMap({ $0 }) + node.outputs where lastUse[id] != nil && alive.insert(id).inserted {
        live += Double(bytes(id))
      }
      if let signature = try? OperatorSignature(node, in: graph, boundary: boundary) {
        work.append((OperatorWork(node.builtin, signature), live))
        if let problem = CompileFailures.problem(node.builtin, signature) {
          problems.append("operator \(node.origin.index) \(node.name): \(problem)")
        }
      }
      for id in node.inputs.compactMap({ $0 }) + node.outputs where lastUse[id] == position {
        if alive.remove(id) != nil { live -= Double(bytes(id)) }
      }
    }
    if let problem = CompileFailures.problem(inputs: inputs.count) {
      problems.append("the partition of operator \(positions.first ?? 0): \(problem)")
    }
    let inputBytes = inputs.reduce(0) { Self.sum($0, bytes($1)) }
    let outputBytes = outputs.reduce(0) { Self.sum($0, bytes($1)) }
    return AcceleratorAssessment.Partition(
      operators: positions, inputBytes: inputBytes, outputBytes: outputBytes,
      estimate: AcceleratorEstimate(
        operators: work, boundaryBytes: Double(inputBytes) + Double(outputBytes), options: options),
      compileProblems: problems)
  }

  private func bytes(_ id: TensorID) -> Int { graph[id].type.byteCount ?? 0 }

  private static func sum(_ a: Int, _ b: Int) -> Int {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? Int.max : sum
  }
}

extension Node {
  /// nil for custom operators.
  var builtin: BuiltinOperator? {
    if case .builtin(let builtin) = identity { return builtin }
    return nil
  }
}

extension Graph {
  /// For each node, the nodes that read its outputs.
  var readers: [[Int]] {
    var producer = [Int](repeating: -1, count: tensors.count)
    var result = [[Int]](repeating: [], count: nodes.count)
    for (index, node) in nodes.enumerated() {
      for case let id? in node.inputs where producer[id.index] >= 0 {
        if result[producer[id.index]].last != index { result[producer[id.index]].append(index) }
      }
      for id in node.outputs { producer[id.index] = index }
    }
    return result
  }
}
