internal import FlatBuffers
internal import Kernels
internal import TensorTypes

/// Computes operators whose inputs are all constants, once for all interpreters of a model: float16 weights become float32, transposed and
/// dequantised weights become plain ones.
struct FoldConstants {
  let limits: Limits

  /// A result may be this many times as large as the constants it is made of; what grows more is cheaper to compute than to keep.
  static let growth = 16
  static let smallResult = 1 << 16

  func callAsFunction(_ graph: Graph) -> Graph {
    var result = graph
    result.nodes = []
    var added = 0
    let deadline = ExecutionContext.now() + limits.foldingNanoseconds
    for node in graph.nodes {
      if let values = fold(node, in: result, budget: limits.foldedConstantBytes - added, deadline: deadline) {
        for (id, value) in zip(node.outputs, values) {
          result[id].type = value.type
          result[id].shapeSignature = nil
          result[id].constant = value.constant
          added += value.constant.bytes.count
        }
      } else {
        result.nodes.append(node)
      }
    }
    return result
  }

  private func fold(_ node: Node, in graph: Graph, budget: Int, deadline: UInt64) -> [(
    type: TensorType, constant: Constant
  )]? {
    guard case .success(let operation) = node.implementation, operation.isPure, !node.outputs.isEmpty else {
      return nil
    }
    guard node.outputs.allSatisfy({ graph[$0].type.element.bitWidth > 0 && !graph[$0].isVariable }) else { return nil }
    let now = ExecutionContext.now()
    guard now < deadline else { return nil }
    var bytes = 0
    for case let id? in node.inputs {
      let tensor = graph[id]
      guard let constant = tensor.constant, tensor.sparsity == nil, tensor.type.element.bitWidth > 0 else { return nil }
      bytes += constant.bytes.count
    }
    let evaluation = NodeEvaluation(
      operation: operation, inputs: node.inputs.map { $0.map { graph[$0].type } },
      outputs: node.outputs.map { graph[$0].type }, constants: node.inputs.map { $0.flatMap { graph[$0].constant } },
      bodies: node.bodies)
    let limit = min(budget, max(Self.smallResult, bytes.multipliedReportingOverflow(by: Self.growth).partialValue))
    // Whatever is wrong with the operator is reported when an interpreter is made.
    return try? evaluation.run(maximumBytes: limit, nanoseconds: deadline - now)
  }
}

/// Runs one operator on constants, outside any plan.
struct NodeEvaluation {
  let operation: any Operator
  let inputs: [TensorType?]
  let outputs: [TensorType]
  /// nil for inputs whose value the operator does not look at, or that are left out.
  let constants: [Constant?]
  /// See ``Kernels/NodeContext/bodies``.
  var bodies: [[OperatorDefinition.Identity]] = []

  /// The outputs' types and values; nil when they need more than `maximumBytes`.
  func run(maximumBytes: Int, nanoseconds: UInt64) throws(OperatorError) -> [(type: TensorType, constant: Constant)]? {
    var outputs = self.outputs
    if let elements = operation.outputElements(inputs) {
      for (index, element) in zip(outputs.indices, elements) { outputs[index].element = element }
    }
    let values = constants.map { constant in constant.map { NodeContext.Value.constant($0) } ?? .unknown }
    let shapes = try operation.infer(
      NodeContext(inputs: inputs, outputs: outputs, values: values, threads: 1, bodies: bodies))
    guard shapes.count == outputs.count else { throw .malformed("has \(shapes.count) outputs, not \(outputs.count)") }
    let types = zip(outputs, shapes).map { $0.with(shape: $1) }
    var total = 0
    for type in types {
      guard let bytes = type.byteCount, bytes <= maximumBytes - total else { return nil }
      total += bytes
    }
    let kernel = try operation.prepare(
      NodeContext(inputs: inputs, outputs: types, values: values, threads: 1, bodies: bodies))
    var slots: [OperandSlot] = []
    var results: [SharedBytes] = []
    var scratch: [SharedBytes] = []
    func buffer(_ count: Int) throws(OperatorError) -> SharedBytes {
      do { return try SharedBytes(zeros: count) } catch { throw .outOfMemory(bytes: count) }
    }
    func slot(_ bytes: SharedBytes) -> OperandSlot {
      // Inputs are never written; results and scratch belong to this function alone until it returns.
      unsafe OperandSlot(address: UnsafeMutableRawPointer(mutating: bytes.baseAddress), byteCount: bytes.count)
    }
    let nothing = try buffer(0)
    for constant in constants { slots.append(slot(constant?.bytes ?? nothing)) }
    for type in types {
      let memory = try buffer(type.byteCount ?? 0)
      results.append(memory)
      slots.append(slot(memory))
    }
    for bytes in kernel.scratch {
      guard bytes >= 0, bytes <= maximumBytes else { return nil }
      let memory = try buffer(bytes)
      scratch.append(memory)
      slots.append(slot(memory))
    }
    let context = ExecutionContext(threadPool: ThreadPool(count: 1))
    context.begin(deadline: ExecutionContext.now() + nanoseconds)
    let memory = UnsafeMutableBufferPointer<OperandSlot>.allocate(capacity: slots.count)
    defer { unsafe memory.deallocate() }
    _ = unsafe memory.initialize(from: slots)
    guard let base = memory.baseAddress else { return nil }
    try unsafe kernel.invoke(
      Operands(slots: base, inputCount: inputs.count, outputCount: outputs.count, context: context))
    withExtendedLifetime((constants, results, scratch)) {}
    return zip(types, results).map { ($0, Constant($1)) }
  }
}
