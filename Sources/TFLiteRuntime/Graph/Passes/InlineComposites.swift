internal import Kernels
internal import TensorTypes

/// Replaces every `STABLEHLO_COMPOSITE` by the operators of its decomposition subgraph, which the model always carries.
///
/// Source: the schema's `StableHLOCompositeOptions`.
struct InlineComposites {
  let subgraphs: [Graph]
  let limits: Limits
  /// Composites whose name is a custom operator here run as that operator, if it takes their operands.
  let operators: OperatorTable
  /// Which composites are replaced; nil for all but those that run as a custom operator.
  var replaces: ((Node) -> Bool)?

  func callAsFunction(_ graph: Graph) throws(ModelError) -> Graph {
    guard graph.nodes.contains(where: { $0.identity == .builtin(.stablehloComposite) }) else { return graph }
    var result = graph
    result.nodes = []
    var budget = limits.operators
    for node in graph.nodes { try append(node, to: &result, depth: 0, budget: &budget) }
    return result
  }

  /// - Parameter budget: operators that may still be added. A composite counts too, and so does a copy: few of them, each naming the next
  ///   twice, could otherwise stand for a huge tree.
  /// The operator that computes a composite; nil where there is none, or it does not take these operands.
  private func recognise(_ node: Node, in graph: Graph) -> Node? {
    guard let name = try? node.options.string(0), !name.isEmpty,
      let registration = operators.registration(of: .custom(name))
    else { return nil }
    let options = OperatorOptions(custom: (try? node.options.data(2)) ?? nil)
    guard let operation = try? registration.make(options) else { return nil }
    let context = NodeContext(
      inputs: node.inputs.map { $0.map { graph[$0].type } }, outputs: node.outputs.map { graph[$0].type },
      values: node.inputs.map { $0.flatMap { graph[$0].constant }.map { .constant($0) } ?? .unknown }, threads: 1)
    guard let shapes = try? operation.infer(context), shapes == context.outputs.map(\.shape) else { return nil }
    var result = node
    result.identity = registration.definition.identity
    result.version = 1
    result.options = options
    result.implementation = .success(operation)
    return result
  }

  private func append(
    _ node: Node, to result: inout Graph, depth: Int, budget: inout Int
  ) throws(ModelError) {
    let place = ModelError.Location(
      subgraph: node.origin.subgraph, operatorIndex: node.origin.index, operatorName: node.name)
    func charge(_ operators: Int) throws(ModelError) {
      budget -= operators
      guard budget >= 0 else {
        throw ModelError(
          .limitExceeded, "inlining composites gives more than \(limits.operators) operators", at: place)
      }
    }
    // One with very many operands counts as several.
    try charge(1 + (node.inputs.count + node.outputs.count) / 64)
    guard node.identity == .builtin(.stablehloComposite) else {
      result.nodes.append(node)
      return
    }
    guard depth < limits.recursionDepth else {
      throw ModelError(.limitExceeded, "composites nest deeper than \(limits.recursionDepth)", at: place)
    }
    let index: Int
    do { index = Int(try node.options.int32(1)) } catch { throw ModelError(error, at: place) }
    guard subgraphs.indices.contains(index) else {
      throw ModelError(.malformed, "the decomposition is subgraph \(index), which does not exist", at: place)
    }
    if let replaces {
      guard replaces(node) else {
        result.nodes.append(node)
        return
      }
    } else if let recognised = recognise(node, in: result) {
      result.nodes.append(recognised)
      return
    }
    let body = subgraphs[index]
    guard body.inputs.count == node.inputs.count, body.outputs.count == node.outputs.count else {
      throw ModelError(
        .malformed,
        "the decomposition has \(body.inputs.count) inputs and \(body.outputs.count) outputs, the composite "
          + "\(node.inputs.count) and \(node.outputs.count)", at: place)
    }
    // Tensors of the body, by their index there, in the graph that is being built.
    var mapping: [Int: TensorID] = [:]
    for (inner, outer) in zip(body.inputs, node.inputs) { mapping[inner.index] = outer }
    var copies: [(from: TensorID, to: TensorID)] = []
    for (inner, outer) in zip(body.outputs, node.outputs) {
      // An output that is also an input, a constant, or another output needs a copy to have a tensor of its own.
      if mapping[inner.index] == nil, body[inner].constant == nil {
        mapping[inner.index] = outer
      } else {
        copies.append((inner, outer))
      }
    }
    func map(_ id: TensorID) -> TensorID {
      if let mapped = mapping[id.index] { return mapped }
      var tensor = body[id]
      if case .blockwise(let scales, let zeroPoints, let size) = tensor.type.quantization {
        tensor.type.quantization = .blockwise(
          scales: map(TensorID(scales)).index, zeroPoints: zeroPoints.map { map(TensorID($0)).index }, blockSize: size)
      }
      let new = result.add(tensor)
      mapping[id.index] = new
      return new
    }
    for inner in body.nodes {
      var copy = inner
      copy.inputs = inner.inputs.map { $0.map(map) }
      copy.outputs = inner.outputs.map(map)
      copy.intermediates = inner.intermediates.map(map)
      try append(copy, to: &result, depth: depth + 1, budget: &budget)
    }
    try charge(copies.count)
    for (from, to) in copies {
      result.nodes.append(
        Node(
          identity: Identity.definition.identity, inputs: [map(from)], outputs: [to], origin: node.origin,
          implementation: .success(Identity())))
    }
  }
}

/// Copies its input; what graph passes put where a tensor needs a second name.
struct Identity: Operator {
  static let definition = OperatorDefinition(custom: "IDENTITY")

  init() {}
  init(options: OperatorOptions) {}

  var sharing: OperandSharing { .view(of: 0) }

  func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 1)
    return [try node.input(0).shape]
  }

  func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    Kernel { io throws(OperatorError) in
      unsafe io.outputBytes(0).copyMemory(from: io.inputBytes(0))
    }
  }
}
