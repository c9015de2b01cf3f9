package import TFLiteRuntime
internal import TensorTypes

/// Finds the fewest operators that, on the same inputs, give other numbers in one way of running a model than in another.
///
/// What is found runs by itself: a model of those operators, with inputs that the reference computed for them.
package struct DepartureBisection {
  package struct Output: Sendable {
    package let name: String
    package let tensor: Tensor
    package let reference: Tensor
    /// nil where the two cannot be compared.
    package let measures: ErrorMeasures?

    package var relative: Double { measures?.relative ?? .infinity }
  }

  package struct Finding: Sendable {
    package let subgraph: Int
    /// In the order of the file; the last one's output departs. Operators on constants, which make weights, are among them.
    package let operators: [Int]
    /// A .tflite file of the operators.
    package let model: [UInt8]
    /// The model's inputs, in its order.
    package let inputs: [Tensor]
    /// The model's outputs, in its order; at least one departs.
    package let outputs: [Output]
  }

  /// The whole models on the same inputs, both with their intermediate tensors.
  private let candidate: Interpreter
  private let reference: Interpreter
  private let makeCandidate: (Model) throws -> Interpreter
  private let makeReference: (Model) throws -> Interpreter
  private let tolerance: Double
  private let graph: Graph
  /// The operator that computes a tensor.
  private let producers: [TensorID: Int]
  /// Operators of which all inputs are constants, or computed from constants alone.
  private let constantOperators: Set<Int>
  /// How often operators were run by themselves, in both ways.
  package private(set) var attempts = 0

  /// - Parameters:
  ///   - candidate, reference: interpreters of the same model and signature, which keep intermediate tensors and have been invoked.
  ///   - makeCandidate, makeReference: make an interpreter of another model, as those two were made.
  ///   - tolerance: the largest ``ErrorMeasures/relative`` error that is no departure.
  package init(
    _ candidate: Interpreter, reference: Interpreter, tolerance: Double,
    makeCandidate: @escaping (Model) throws -> Interpreter, makeReference: @escaping (Model) throws -> Interpreter
  ) {
    self.candidate = candidate
    self.reference = reference
    self.makeCandidate = makeCandidate
    self.makeReference = makeReference
    self.tolerance = tolerance
    let graph = reference.model.subgraphs[reference.subgraph]
    self.graph = graph
    var producers: [TensorID: Int] = [:]
    var constants = Set<Int>()
    let inputs = Set(graph.inputs)
    for (index, node) in graph.nodes.enumerated() {
      for id in node.outputs { producers[id] = index }
      let operands = node.inputs.compactMap(\.self)
      let isConstant = operands.allSatisfy { id in
        !inputs.contains(id) && (graph[id].constant != nil || producers[id].map(constants.contains) == true)
      }
      if isConstant, !operands.isEmpty { constants.insert(index) }
    }
    self.producers = producers
    constantOperators = constants
  }

  /// The fewest operators that were found to depart by themselves; nil where no operator departs, or none does without the rest of the model.
  ///
  /// The operators are what the first departing one depends on, from some operator of the file to that one. Where one of them alone departs,
  /// it is that one. Otherwise the search takes departing to be the lesser, the fewer operators there are; what it answers departs in any case.
  ///
  /// - Throws: what making and running interpreters throws.
  package mutating func smallest() throws -> Finding? {
    guard let target = firstDeparture() else { return nil }
    let chain = ancestors(of: target)
    func finding(_ first: Int) throws -> Finding? { try attempt(Array(chain[first...])) }
    // In growing steps backwards until it departs, then by halves.
    var intact = chain.count
    var first = chain.count - 1
    var step = 1
    var best = try finding(first)
    while best == nil, first > 0 {
      intact = first
      first = max(first - step, 0)
      step *= 2
      best = try finding(first)
    }
    guard best != nil else { return nil }
    while intact - first > 1 {
      let middle = (first + intact) / 2
      if let found = try finding(middle) {
        (best, first) = (found, middle)
      } else {
        intact = middle
      }
    }
    return best
  }

  /// The first operator from which departing tensors lead to an output that departs; the first that departs where no output does.
  private func firstDeparture() -> Int? {
    var departing = Set<TensorID>()
    var first: Int?
    for (index, node) in graph.nodes.enumerated() {
      for id in node.outputs where departs(id) {
        departing.insert(id)
        if first == nil { first = index }
      }
    }
    var lasting = Set(candidate.outputs.map(\.tensor)).intersection(departing)
    var firstLasting: Int?
    for (index, node) in graph.nodes.enumerated().reversed() where node.outputs.contains(where: lasting.contains) {
      firstLasting = index
      for case let id? in node.inputs where departing.contains(id) { lasting.insert(id) }
    }
    return firstLasting ?? first
  }

  private func departs(_ id: TensorID) -> Bool {
    guard let tensor = try? candidate.tensor(id), let expected = try? reference.tensor(id) else { return false }
    return (ErrorMeasures(tensor, reference: expected)?.relative ?? .infinity) > tolerance
  }

  /// The operators that `target` depends on, and itself, in the order of the file; not those on constants, unless it is one.
  private func ancestors(of target: Int) -> [Int] {
    var found: Set<Int> = [target]
    var open = [target]
    while let index = open.popLast() {
      for case let id? in graph.nodes[index].inputs {
        guard let producer = producers[id], !constantOperators.contains(producer) else { continue }
        if found.insert(producer).inserted { open.append(producer) }
      }
    }
    return found.sorted()
  }

  /// With the operators that make their weights.
  private func withConstants(_ operators: [Int]) -> [Int] {
    var found = Set(operators)
    var open = operators
    while let index = open.popLast() {
      for case let id? in graph.nodes[index].inputs {
        guard let producer = producers[id], constantOperators.contains(producer) else { continue }
        if found.insert(producer).inserted { open.append(producer) }
      }
    }
    return found.sorted()
  }

  /// Runs operators by themselves, on what the reference computed for them.
  private mutating func attempt(_ operators: [Int]) throws -> Finding? {
    attempts += 1
    let subgraph = reference.subgraph
    let operators = withConstants(operators)
    let model = reference.model
    var extracted = try model.extracting(operators, of: subgraph)
    let inputs = try extracted.inputs.map { try reference.tensor($0) }
    let shapes = zip(extracted.inputs, inputs).map { ($0, $1.type.shape.dimensions) }
    extracted = try model.extracting(
      operators, of: subgraph, shapes: Dictionary(shapes, uniquingKeysWith: { first, _ in first }))
    let part = try Model(bytes: extracted.bytes, operators: model.operators, limits: model.limits)
    let questioned = try run(makeCandidate(part), inputs)
    let trusted = try run(makeReference(part), inputs)
    let outputs = try questioned.outputs.enumerated().map { index, output in
      let tensor = try questioned.output(index)
      let expected = try trusted.output(index)
      return Output(
        name: output.tensorName, tensor: tensor, reference: expected,
        measures: ErrorMeasures(tensor, reference: expected))
    }
    guard outputs.contains(where: { $0.relative > tolerance }) else { return nil }
    return Finding(
      subgraph: subgraph, operators: operators, model: extracted.bytes, inputs: inputs, outputs: outputs)
  }

  private func run(_ interpreter: Interpreter, _ inputs: [Tensor]) throws -> Interpreter {
    for (index, tensor) in inputs.enumerated() { try interpreter.setInput(index, tensor) }
    try interpreter.invoke()
    return interpreter
  }
}
