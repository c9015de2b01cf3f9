internal import Kernels
internal import TensorTypes

/// A node that runs other subgraphs, with the runners that it needs, in one interpreter.
///
/// Not used from several threads at once, as the interpreter is not; unchecked because the kernel that stands for it in a plan is sendable.
final class SubgraphCall: @unchecked Sendable {
  private let operation: any SubgraphOperator
  private let make: (Int) throws(ModelError) -> GraphRunner
  private let context: ExecutionContext
  private var callees: [SubgraphCallee] = []
  /// What the subgraphs answered when they ran in this invocation to have their outputs' shapes known.
  private var results: [SubgraphValue]?
  /// What went wrong inside a subgraph, with its place there.
  private(set) var failure: ModelError?

  /// - Parameter make: sets up a runner of a subgraph.
  init(
    _ operation: any SubgraphOperator, context: ExecutionContext,
    make: @escaping (Int) throws(ModelError) -> GraphRunner
  ) {
    self.operation = operation
    self.context = context
    self.make = make
  }

  /// Forgets what an earlier invocation computed.
  func begin() {
    results = nil
    failure = nil
    for callee in callees { callee.failure = nil }
  }

  func resetVariables() {
    for callee in callees { callee.runner.resetVariables() }
  }

  /// The runners, set up when they are first needed.
  private func runners() throws(OperatorError) -> [SubgraphCallee] {
    guard callees.isEmpty else { return callees }
    var made: [SubgraphCallee] = []
    for subgraph in operation.subgraphs {
      do throws(ModelError) { made.append(SubgraphCallee(try make(subgraph))) } catch {
        failure = error
        throw .unsupported(error.description)
      }
    }
    callees = made
    return made
  }

  private func attempt<T>(_ body: ([SubgraphCallee]) throws(OperatorError) -> T) throws(OperatorError) -> T {
    let callees = try runners()
    do throws(OperatorError) { return try body(callees) } catch {
      failure = callees.lazy.compactMap(\.failure).first
      throw error
    }
  }

  /// The outputs' shapes; where they depend on values, the subgraphs are run.
  ///
  /// - Parameter operands: the inputs' memory, when the model runs and has come to this node.
  func infer(_ node: NodeContext, operands: [OperandSlot?]?) throws(OperatorError) -> [Shape] {
    _ = try operation.infer(node)
    if let results { return results.map(\.type.shape) }
    if let shapes = try attempt({ callees throws(OperatorError) in try operation.staticShapes(node.inputs, callees) }) {
      guard shapes.count == node.outputs.count else {
        throw .malformed("the subgraph has \(shapes.count) outputs, the operator \(node.outputs.count)")
      }
      return shapes
    }
    guard let operands else { throw .needsValue(input: 0) }
    var values: [SubgraphValue] = []
    for (index, slot) in operands.enumerated() {
      guard let slot else { throw .malformed("input \(index) is missing") }
      values.append(SubgraphValue(type: try node.input(index), slot: slot))
    }
    let answers = try attempt { callees throws(OperatorError) in try operation.run(values, callees, context) }
    results = answers
    return answers.map(\.type.shape)
  }

  /// The kernel that stands for the call in a plan.
  func kernel(_ node: NodeContext) -> Kernel {
    let (inputs, outputs) = (node.inputs, node.outputs)
    return Kernel { [self] io throws(OperatorError) in
      var answers = results
      if answers == nil {
        var values: [SubgraphValue] = []
        values.reserveCapacity(inputs.count)
        for (index, type) in inputs.enumerated() {
          guard let type else { throw .malformed("input \(index) is missing") }
          values.append(SubgraphValue(type: type, slot: io.inputSlot(index)))
        }
        answers = try attempt { callees throws(OperatorError) in try operation.run(values, callees, context) }
      }
      results = nil
      for (index, (answer, output)) in zip(answers ?? [], outputs).enumerated() {
        guard answer.type.element == output.element, answer.type.shape == output.shape else {
          throw .malformed("output \(index) of the subgraph is \(answer.type), the operator's \(output)")
        }
        try answer.slot.copy(to: io.outputSlot(index))
      }
    }
  }
}

/// A subgraph that a node runs.
final class SubgraphCallee: Callee {
  let runner: GraphRunner
  /// What went wrong inside.
  var failure: ModelError?

  init(_ runner: GraphRunner) {
    self.runner = runner
  }

  private func inside<T>(_ body: () throws(ModelError) -> T) throws(OperatorError) -> T {
    do throws(ModelError) { return try body() } catch {
      failure = error
      switch error.kind {
      case .cancelled: throw .cancelled
      case .deadlineExceeded: throw .deadlineExceeded
      case .malformed: throw .malformed(error.description)
      case .unsupported: throw .unsupported(error.description)
      default: throw .invalidValue(error.description)
      }
    }
  }

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape]? {
    try inside { () throws(ModelError) in
      try resize(inputs)
      try runner.allocate()
      guard runner.isPlannedToTheEnd else { return nil }
      return runner.graph.outputs.map { runner.type(of: $0).shape }
    }
  }

  private func resize(_ inputs: [Shape]) throws(ModelError) {
    for (id, shape) in zip(runner.graph.inputs, inputs) { try runner.resize(id, to: shape.dimensions) }
  }

  func run(_ inputs: [SubgraphValue]) throws(OperatorError) -> [SubgraphValue] {
    let ids = runner.graph.inputs
    guard ids.count == inputs.count else {
      throw .malformed("the subgraph has \(ids.count) inputs, the operator gives \(inputs.count)")
    }
    for (id, value) in zip(ids, inputs) where runner.graph[id].type.element != value.type.element {
      throw .malformed("the subgraph's input is \(runner.graph[id].type), the operator gives \(value.type)")
    }
    // Values may lie in this graph's own memory, which resizing frees and copying may overwrite.
    let isMoving = zip(ids, inputs).contains { runner.inputShape($0) != $1.type.shape } || !runner.isAllocated
    let mayOverlap = runner.graph.outputs.contains { ids.contains($0) }
    var copies: [SharedValue?] = []
    if isMoving || mayOverlap {
      for value in inputs { copies.append(try SharedValue(value.slot)) }
    }
    return try inside { () throws(ModelError) in
      try resize(inputs.map(\.type.shape))
      try runner.allocate()
      for (index, id) in ids.enumerated() {
        guard let target = runner.slot(of: id) else { continue }
        do throws(OperatorError) {
          if copies.isEmpty { try inputs[index].slot.copy(to: target) } else { try copies[index]?.copy(to: target) }
        } catch {
          throw ModelError(error, at: .init(tensor: id.index, tensorName: runner.graph[id].name))
        }
      }
      try runner.invoke(profiler: nil)
      return try runner.graph.outputs.map { id throws(ModelError) in
        guard let slot = runner.slot(of: id) else {
          throw ModelError(
            .malformed, "nothing computes the subgraph's output",
            at: .init(tensor: id.index, tensorName: runner.graph[id].name))
        }
        return SubgraphValue(type: runner.type(of: id), slot: slot)
      }
    }
  }
}

/// A tensor's value apart from the memory it was in.
private struct SharedValue {
  private var bytes: [UInt8] = []
  private var strings: StringArray?

  init(_ slot: OperandSlot) throws(OperatorError) {
    strings = slot.stringArray
    if strings == nil {
      bytes = slot.contents
    }
  }

  func copy(to target: OperandSlot) throws(OperatorError) {
    if let strings {
      try target.setStringArray(strings)
      return
    }
    guard bytes.count == target.byteCount else {
      throw .malformed("a value of \(bytes.count) bytes does not fit a tensor of \(target.byteCount)")
    }
    unsafe bytes.withUnsafeBytes { source in
      if let start = source.baseAddress { unsafe target.address.copyMemory(from: start, byteCount: source.count) }
    }
  }
}

extension OperandSlot {
  /// Copies the value to a slot of the same type.
  fileprivate func copy(to target: OperandSlot) throws(OperatorError) {
    if let stringArray {
      try target.setStringArray(stringArray)
      return
    }
    guard byteCount == target.byteCount else {
      throw .malformed("a value of \(byteCount) bytes does not fit a tensor of \(target.byteCount)")
    }
    // The same memory where a subgraph answers with its own input.
    if unsafe address != target.address { unsafe target.address.copyMemory(from: address, byteCount: byteCount) }
  }
}
