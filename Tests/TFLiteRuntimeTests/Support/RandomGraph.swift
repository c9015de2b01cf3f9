import KernelTestSupport
import Kernels
import TensorTypes

@testable import TFLiteRuntime

/// A random graph of elementwise operators and views on vectors of one length.
struct RandomGraph {
  var sketch = GraphSketch()
  /// All tensors that the caller sets.
  var inputs: [TensorID] { sketch.graph.inputs }
  static let length = 24

  init(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var values: [(id: TensorID, shape: [Int])] = []
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let shape = Self.shape(&random)
      values.append((sketch.input(shape), shape))
    }
    let constant = try sketch.constant(random.floats(Self.length), [Self.length])
    for _ in 0..<Int.random(in: 1...30, using: &random) {
      // Recent tensors more often, so that chains grow.
      func pick() -> (id: TensorID, shape: [Int]) {
        let first = Bool.random(using: &random) ? max(0, values.count - 4) : 0
        return values[Int.random(in: first..<values.count, using: &random)]
      }
      let a = pick()
      let b = values.filter { $0.shape == a.shape }.randomElement(using: &random) ?? a
      let result: TensorID
      var shape = a.shape
      switch Int.random(in: 0..<7, using: &random) {
      case 0: result = sketch.node(Neg(options: .defaults), [a.id], shape)
      case 1: result = sketch.node(Abs(options: .defaults), [a.id], shape)
      case 2: result = sketch.node(try Add(options: .defaults), [a.id, b.id], shape)
      case 3: result = sketch.node(try Sub(options: .defaults), [b.id, a.id], shape)
      case 4: result = sketch.node(Maximum(options: .defaults), [a.id, shape.count == 1 ? constant : b.id], shape)
      default:
        shape = Self.shape(&random)
        let dimensions = try sketch.constant(shape.map { Int32($0) })
        result = sketch.node(try Reshape(options: .defaults), [a.id, dimensions], shape)
      }
      values.append((result, shape))
    }
    // Some tensors, among them perhaps inputs, and always the last.
    var outputs = values.map(\.id).filter { _ in Int.random(in: 0..<6, using: &random) == 0 }
    if let last = values.last?.id, !outputs.contains(last) { outputs.append(last) }
    sketch.graph.outputs = outputs
  }

  private static func shape(_ random: inout SeededGenerator) -> [Int] {
    [[24], [4, 6], [2, 12], [24], [1, 24]].randomElement(using: &random) ?? [24]
  }

  /// Runs the graph twice on values that depend on the seed and answers all outputs of both runs.
  func run(
    options: Interpreter.Options = .init(), delegates: [any Delegate] = [], seed: UInt64 = 0
  ) throws -> [[Float]] {
    let run = try GraphRun(sketch.graph, options: options, delegates: delegates)
    var random = SeededGenerator(seed: seed)
    var results: [[Float]] = []
    for _ in 0..<2 {
      for input in inputs { try run.set(input, random.floats(Self.length)) }
      try run.invoke()
      for output in sketch.graph.outputs { results.append(try run.floats(output)) }
      // Inputs are the caller's.
      for input in inputs { results.append(try run.floats(input)) }
    }
    return results
  }
}
