internal import Kernels
internal import TensorTypes

/// Elementwise `float32` operators of which each reads the result of the one before, as its only reader.
struct FuseElementwiseChain: FusionPass {
  /// Stages of one step.
  static let limit = 16

  func match(_ position: Int, _ graph: inout FusionGraph) -> Bool {
    guard let follower = Follower(position, graph) else { return false }
    for through in follower.candidates(graph) {
      guard let first = through.producer, let head = head(first, graph) else { continue }
      guard head.stages.count < Self.limit, let stage = follower.stage(through.index, operand: head.inputs.count, graph)
      else { continue }
      let inputs = head.inputs + (stage.operand == nil ? [] : [follower.inputs[1 - through.index]])
      let chain = ElementwiseChain(
        stages: head.stages + stage.list, shape: graph.shape(follower.output),
        sharesInput: !inputs.dropFirst().contains(inputs[0]))
      let name = chain.stages.map(\.name).joined(separator: " + ")
      if graph.replace(position, and: [first] + through.reshapes, by: chain, inputs: inputs, name: name) { return true }
    }
    return false
  }

  /// An operator as the beginning of a chain.
  private func head(_ position: Int, _ graph: FusionGraph) -> (stages: [ElementwiseStage], inputs: [TensorID])? {
    if let chain = graph.operation(position, ElementwiseChain.self) {
      return (chain.stages, graph.entries[position]?.node.inputs.compactMap { $0 } ?? [])
    }
    guard let first = Follower(position, graph) else { return nil }
    for index in first.inputs.indices {
      guard let stage = first.stage(index, operand: 1, graph) else { continue }
      return (stage.list, [first.inputs[index]] + (stage.operand == nil ? [] : [first.inputs[1 - index]]))
    }
    return nil
  }
}

/// An elementwise operator that may run in the step of the one before it.
struct Follower {
  let position: Int
  let operation: any Operator
  let inputs: [TensorID]
  let output: TensorID

  init?(_ position: Int, _ graph: FusionGraph) {
    guard let operation = graph.operation(position), let node = graph.entries[position]?.node,
      let output = node.outputs.first, graph.isFloat(output), (1...2).contains(node.inputs.count)
    else { return nil }
    self.position = position
    self.operation = operation
    self.output = output
    inputs = node.inputs.compactMap { $0 }
    guard inputs.count == node.inputs.count else { return nil }
    if let chain = operation as? ElementwiseChain {
      guard chain.stages.count == 1, inputs.count == 1 else { return nil }
    }
  }

  /// The inputs that only this operator reads, the one that was computed last first, with the reshapes between.
  func candidates(_ graph: FusionGraph) -> [(index: Int, producer: Int?, reshapes: [Int])] {
    inputs.indices.compactMap { index -> (index: Int, producer: Int?, reshapes: [Int])? in
      guard graph.isReadOnce(inputs[index]), let (tensor, reshapes) = graph.origin(inputs[index]),
        reshapes.isEmpty || graph.isReadOnce(tensor)
      else { return nil }
      return (index, graph.producer(tensor), reshapes)
    }.sorted { ($0.producer ?? -1) > ($1.producer ?? -1) }
  }

  /// What the operator adds to a step.
  struct Addition {
    let list: [ElementwiseStage]
    let operand: Int?
  }

  /// - Parameters:
  ///   - through: the input whose elements go through.
  ///   - operand: the number that the other input has in the step.
  func stage(_ through: Int, operand: Int, _ graph: FusionGraph) -> Addition? {
    if let chain = operation as? ElementwiseChain {
      return through == 0 && chain.stages.allSatisfy { $0.operand == nil }
        ? Addition(list: chain.stages, operand: nil) : nil
    }
    guard
      let stage = ElementwiseStage(
        operation, through: through, inputs: inputs.map { graph.type($0) }, output: graph.type(output),
        operand: operand)
    else { return nil }
    return Addition(list: [stage], operand: stage.operand)
  }
}
