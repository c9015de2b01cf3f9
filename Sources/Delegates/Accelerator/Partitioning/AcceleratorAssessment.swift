internal import Kernels
public import TFLiteRuntime
internal import TensorTypes

/// What the accelerator takes of a model, and in which partitions: the answer of its compiler, found without running anything.
///
/// Works on the operators as they stand in the file, before any graph pass. Composites that the accelerator has no operator for are replaced by
/// their decomposition first, as its compiler does.
public struct AcceleratorAssessment: Sendable {
  /// One operator's verdict.
  public struct Verdict: Sendable, Hashable {
    /// Where the operator stands in the model. What a composite was replaced by stands in the decomposition's subgraph.
    public let origin: Node.Origin
    public let name: String
    public let version: Int
    /// Why it runs elsewhere; nil when the accelerator takes it.
    public let refusal: String?

    public var isAccepted: Bool { refusal == nil }
  }

  /// Operators that the accelerator runs in one call.
  public struct Partition: Sendable, Hashable {
    /// Positions in ``Subgraph/operators``.
    public let operators: [Int]
    /// Bytes that it reads of what others compute, constants not counted.
    public let inputBytes: Int
    /// Bytes that others, or the caller, read.
    public let outputBytes: Int
    /// How long it may take on the chip.
    public let estimate: AcceleratorEstimate
    /// What in it is known not to compile, although the partitioner takes it. On a device the whole model then runs elsewhere; the simulation runs
    /// the partition all the same.
    public let compileProblems: [String]
  }

  /// The verdicts on one subgraph.
  public struct Subgraph: Sendable, Hashable {
    public let index: Int
    /// In the order of the file.
    public let operators: [Verdict]
    public let partitions: [Partition]
    /// Whether composites were replaced by their decomposition.
    public let isInlined: Bool
  }

  /// Why nothing of the model is delegated; nil when the compiler could read it.
  public let failure: String?
  /// The subgraphs that are no decompositions of composites.
  public let subgraphs: [Subgraph]

  /// What is known not to compile, of all partitions.
  public var compileProblems: [String] { subgraphs.flatMap { $0.partitions.flatMap(\.compileProblems) } }

  /// How long all partitions may take on the chip, run once each. What runs elsewhere is not in it.
  public var estimate: AcceleratorEstimate {
    var total = AcceleratorEstimate()
    for graph in subgraphs { for partition in graph.partitions { total.add(partition.estimate) } }
    return total
  }

  public init(_ model: Model, options: AcceleratorOptions = AcceleratorOptions()) {
    var reader = AssessmentReader(model: model, options: options)
    do throws(AssessmentFailure) {
      subgraphs = try reader.read()
      failure = nil
    } catch {
      failure = error.reason
      subgraphs = reader.refused(because: error.reason)
    }
  }
}

/// Goes through a model's subgraphs in the order of the compiler's checks.
struct AssessmentReader {
  let model: Model
  let options: AcceleratorOptions

  mutating func read() throws(AssessmentFailure) -> [AcceleratorAssessment.Subgraph] {
    try checkModel()
    var result: [AcceleratorAssessment.Subgraph] = []
    for index in entries { result.append(try assess(index)) }
    return result
  }

  /// Every operator refused for the same reason.
  func refused(because reason: String) -> [AcceleratorAssessment.Subgraph] {
    entries.map { index in
      AcceleratorAssessment.Subgraph(
        index: index,
        operators: model.subgraphs[index].nodes.map {
          AcceleratorAssessment.Verdict(origin: $0.origin, name: $0.name, version: $0.version, refusal: reason)
        }, partitions: [], isInlined: false)
    }
  }

  /// The subgraphs that no composite is decomposed by.
  private var entries: [Int] {
    var decompositions: Set<Int> = []
    for graph in model.subgraphs {
      for node in graph.nodes where node.identity == .builtin(.stablehloComposite) {
        if let index = try? node.options.int32(1) { decompositions.insert(Int(index)) }
      }
    }
    return model.subgraphs.indices.filter { $0 == 0 || !decompositions.contains($0) }
  }

  /// What the compiler cannot load at all.
  private func checkModel() throws(AssessmentFailure) {
    for graph in model.subgraphs {
      for tensor in graph.tensors {
        if tensor.type.shape.rank > 8 {
          throw AssessmentFailure(reason: "tensor '\(tensor.name)' has more than 8 dimensions")
        }
        if tensor.type.element == .complex128 {
          throw AssessmentFailure(reason: "element type complex128 (tensor '\(tensor.name)') is not supported")
        }
        if tensor.isVariable {
          throw AssessmentFailure(reason: "variable tensors are not supported ('\(tensor.name)')")
        }
      }
    }
  }

  private func assess(_ index: Int) throws(AssessmentFailure) -> AcceleratorAssessment.Subgraph {
    let original = model.subgraphs[index]
    let verdicts = try self.verdicts(original)
    let inlined = zip(original.nodes, verdicts).filter { node, verdict in
      verdict.refusal != nil && node.identity == .builtin(.stablehloComposite)
        && Composite(node)?.kind != .neverDelegated
    }.map { $0.0.origin }
    guard !inlined.isEmpty else { return subgraph(index, original, verdicts, isInlined: false) }
    let positions = Set(inlined)
    let graph: Graph
    do throws(ModelError) {
      graph = try model.inliningComposites(of: index) { positions.contains($0.origin) || $0.origin.subgraph != index }
    } catch {
      throw AssessmentFailure(reason: error.description)
    }
    return subgraph(index, graph, try self.verdicts(graph), isInlined: true)
  }

  private func subgraph(
    _ index: Int, _ graph: Graph, _ verdicts: [AcceleratorAssessment.Verdict], isInlined: Bool
  ) -> AcceleratorAssessment.Subgraph {
    let accepted = verdicts.map(\.isAccepted)
    let partitions =
      switch options.partitionStrategy {
      case .contiguous: AcceleratorPartitions.contiguous(accepted)
      case .weaklyConnected: AcceleratorPartitions.weaklyConnected(accepted, successors: graph.readers)
      }
    let measure = PartitionMeasure(graph, options: options)
    return AcceleratorAssessment.Subgraph(
      index: index, operators: verdicts, partitions: partitions.map(measure.partition), isInlined: isInlined)
  }

  private func verdicts(_ graph: Graph) throws(AssessmentFailure) -> [AcceleratorAssessment.Verdict] {
    let boundary = Set(graph.inputs + graph.outputs)
    var result: [AcceleratorAssessment.Verdict] = []
    result.reserveCapacity(graph.nodes.count)
    for node in graph.nodes {
      let refusal = try refusal(node, try OperatorSignature(node, in: graph, boundary: boundary))
      result.append(
        AcceleratorAssessment.Verdict(
          origin: node.origin, name: node.name, version: node.version, refusal: refusal))
    }
    return result
  }

  private func refusal(_ node: Node, _ signature: OperatorSignature) throws(AssessmentFailure) -> String? {
    guard case .builtin(let builtin) = node.identity else { return "custom operators have no lowering" }
    let refusal: String?
    if options.device.isLegacy {
      refusal =
        LegacyCapabilityTable.row(builtin)?.refusal(signature, on: options.device)
        ?? (LegacyCapabilityTable.row(builtin) == nil ? "\(node.name) has no kernel in the old Hexagon library" : nil)
    } else if builtin == .stablehloComposite {
      guard let composite = Composite(node) else {
        throw AssessmentFailure(reason: "operator \(node.origin.index) \(node.name) has no options")
      }
      refusal = composite.refusal(signature, on: options.effectiveDevice)
    } else if let row = CapabilityTable.row(builtin) {
      if row.needsOptions, !node.options.isPresent {
        throw AssessmentFailure(reason: "operator \(node.origin.index) \(node.name) has no options")
      }
      if let reason = CompilerAborts.reason(builtin, signature) {
        throw AssessmentFailure(reason: "operator \(node.origin.index) \(node.name): \(reason)")
      }
      refusal = row.refusal(signature, on: options.effectiveDevice)
    } else {
      refusal = "\(node.name) has no lowering"
    }
    if let refusal { return refusal }
    if options.skipDelegateOperators.contains(builtin) { return "\(node.name) is in the list of operators to skip" }
    if node.origin.subgraph == 0, options.skipDelegateNodes.contains(node.origin.index) {
      return "operator \(node.origin.index) is in the list of operators to skip"
    }
    return nil
  }
}
