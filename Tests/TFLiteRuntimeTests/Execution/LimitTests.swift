import FlatBuffers
import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@testable import TFLiteRuntime

/// Every number of ``Limits``: what is exactly at the limit passes, one more is an error that names the place.
@Suite struct LimitTests {
  private func error(_ body: () throws -> Void) throws -> ModelError {
    let error = #expect(throws: ModelError.self, performing: body)
    return try #require(error)
  }

  // MARK: Elements of a tensor

  /// FILL makes a tensor of as many elements as a constant says.
  private func fill(_ count: Int32) throws -> Graph {
    var sketch = GraphSketch()
    let value = sketch.input([])
    let dimensions = try sketch.constant([count])
    sketch.graph.outputs = [sketch.node(Fill(options: .defaults), [dimensions, value], [1])]
    return sketch.graph
  }

  @Test func tensorElementsOfAnInferredShape() throws {
    let limits = Limits(tensorElements: 100)
    let run = try GraphRun(try fill(100), limits: limits)
    try run.invoke()
    let error = try error { try GraphRun(try fill(101), limits: limits).invoke() }
    #expect(error.kind == .limitExceeded)
    #expect(error.location.operatorName == "FILL")
    #expect(error.message.contains("100"))
  }

  @Test func tensorElementsOfAResizedInput() throws {
    var sketch = GraphSketch()
    let x = sketch.input([4])
    sketch.graph.outputs = [sketch.node(Neg(options: .defaults), [x], [4])]
    let runner = try GraphRun(sketch.graph, limits: Limits(tensorElements: 100)).runner
    try runner.resize(x, to: [10, 10])
    let error = try error { try runner.resize(x, to: [101]) }
    #expect(error.kind == .limitExceeded)
    #expect(error.location.tensor == x.index)
    #expect(try self.error { try runner.resize(x, to: [-1]) }.kind == .invalidArgument)
  }

  /// A fixture's tensors have at most so many elements.
  @Test func tensorElementsOfTheFile() throws {
    let model = try TestModels.load("digits_float32")
    let most = try #require(model.subgraphs.flatMap(\.tensors).map(\.type.shape.elementCount).max())
    let path = TestModels.path("digits_float32")
    _ = try Model(contentsOf: path, limits: Limits(tensorElements: most))
    let error = try error { _ = try Model(contentsOf: path, limits: Limits(tensorElements: most - 1)) }
    #expect(error.kind == .limitExceeded)
    #expect(error.location.tensor != nil)
  }

  // MARK: Memory

  @Test func arenaBytes() throws {
    var sketch = GraphSketch()
    let x = sketch.input([64])
    sketch.graph.outputs = [sketch.node(Neg(options: .defaults), [x], [64])]
    let needed = try {
      let run = try GraphRun(sketch.graph)
      try run.invoke()
      return run.runner.arena.bytes
    }()
    #expect(needed >= 512)
    try GraphRun(sketch.graph, limits: Limits(arenaBytes: needed)).invoke()
    let error = try error { try GraphRun(sketch.graph, limits: Limits(arenaBytes: needed - 1)).invoke() }
    #expect(error.kind == .limitExceeded)
    #expect(error.message.contains("\(needed - 1)"))
  }

  @Test func arenaBytesIncludeVariables() throws {
    var sketch = GraphSketch()
    let state = sketch.variable([64])
    sketch.graph.outputs = [sketch.node(Neg(options: .defaults), [state], [64])]
    _ = try GraphRun(sketch.graph, limits: Limits(arenaBytes: 256))
    let error = try error { _ = try GraphRun(sketch.graph, limits: Limits(arenaBytes: 255)) }
    #expect(error.kind == .limitExceeded)
    #expect(error.location.tensor == state.index)
    #expect(
      try self.error { try GraphRun(sketch.graph, limits: Limits(arenaBytes: 256)).invoke() }.kind == .limitExceeded)
    try GraphRun(sketch.graph, limits: Limits(arenaBytes: 512)).invoke()
  }

  /// Memory that is planned while the model runs counts together with what was planned before.
  @Test func arenaBytesIncludeLaterSegments() throws {
    var sketch = GraphSketch()
    let count = sketch.input([1], .int32)
    let value = sketch.input([])
    sketch.graph.outputs = [sketch.node(Fill(options: .defaults), [count, value], [1])]
    let run = try GraphRun(sketch.graph, limits: Limits(arenaBytes: 1024))
    try run.set(count, [Int32(200)])
    try run.invoke()
    try run.set(count, [Int32(257)])
    #expect(try error { try run.invoke() }.kind == .limitExceeded)
    try run.set(count, [Int32(10)])
    try run.invoke()
  }

  @Test func foldedConstantBytes() throws {
    var sketch = GraphSketch()
    let x = sketch.input([64])
    let constant = try sketch.constant([Float](repeating: 2, count: 64))
    let negated = sketch.node(Neg(options: .defaults), [constant], [64])
    sketch.graph.outputs = [sketch.node(Neg(options: .defaults), [x], [64]), negated]
    #expect(FoldConstants(limits: Limits(foldedConstantBytes: 256))(sketch.graph).nodes.count == 1)
    #expect(FoldConstants(limits: Limits(foldedConstantBytes: 255))(sketch.graph).nodes.count == 2)
  }

  // MARK: Operators and recursion

  private func identityGraph(_ nodes: [Node], tensors: Int) -> Graph {
    let type = GraphSketch.tensorType([1])
    return Graph(
      tensors: (0..<tensors).map { GraphTensor(name: "t\($0)", type: type) }, nodes: nodes, inputs: [TensorID(0)],
      outputs: [TensorID(tensors - 1)])
  }

  /// A composite whose decomposition is another subgraph.
  private func composite(_ subgraph: Int32, input: Int, output: Int) throws -> Node {
    Node(
      identity: .builtin(.stablehloComposite), options: try .table([1: .int32(subgraph)]), inputs: [TensorID(input)],
      outputs: [TensorID(output)], origin: .init(subgraph: 0, index: 0),
      implementation: .failure(.unsupported("a composite")))
  }

  private func neg() -> Node {
    Node(
      identity: .builtin(.neg), inputs: [TensorID(0)], outputs: [TensorID(1)], origin: .init(subgraph: 0, index: 0),
      implementation: .success(Neg(options: .defaults)))
  }

  /// A subgraph that names the next one twice, and so on: a tree of two to the depth.
  private func tree(depth: Int) throws -> [Graph] {
    try (0..<depth).map { level in
      identityGraph(
        [
          try composite(Int32(level + 1), input: 0, output: 1), try composite(Int32(level + 1), input: 1, output: 2),
        ], tensors: 3)
    } + [identityGraph([neg()], tensors: 2)]
  }

  @Test func operatorsOfComposites() throws {
    // 2 + 4 + 8 composites and the 8 operators in their leaves.
    let subgraphs = try tree(depth: 3)
    let graph = try GraphCompiler().compile(0, of: subgraphs, limits: Limits(operators: 22))
    #expect(graph.nodes.count == 8)
    let error = try error { _ = try GraphCompiler().compile(0, of: subgraphs, limits: Limits(operators: 21)) }
    #expect(error.kind == .limitExceeded)
    #expect(error.location.operatorName != nil)
  }

  /// Without operators in the leaves the tree is no less huge.
  @Test(.timeLimit(.minutes(1))) func operatorsOfEmptyComposites() throws {
    var subgraphs = try tree(depth: 50)
    subgraphs[50] = Graph(
      tensors: [GraphTensor(name: "x", type: GraphSketch.tensorType([1]))], inputs: [TensorID(0)],
      outputs: [TensorID(0)])
    #expect(
      try error { _ = try GraphCompiler().compile(0, of: subgraphs, limits: Limits(operators: 10_000)) }.kind
        == .limitExceeded)
  }

  @Test func recursionOfComposites() throws {
    let chain =
      try (0..<5).map { level in identityGraph([try composite(Int32(level + 1), input: 0, output: 1)], tensors: 2) }
      + [identityGraph([neg()], tensors: 2)]
    #expect(try GraphCompiler().compile(0, of: chain, limits: Limits(recursionDepth: 5)).nodes.count == 1)
    let error = try error { _ = try GraphCompiler().compile(0, of: chain, limits: Limits(recursionDepth: 4)) }
    #expect(error.kind == .limitExceeded)
    #expect(error.location.operatorIndex != nil)
    #expect(throws: Never.self) { try SubgraphCalls.check(chain, limits: Limits(recursionDepth: 6)) }
    #expect(try self.error { try SubgraphCalls.check(chain, limits: Limits(recursionDepth: 5)) }.kind == .limitExceeded)
  }

  /// IF with its two branches: three graphs.
  @Test func subgraphInstances() throws {
    let path = TestModels.path("../../Fuzz/seeds/if")
    func run(_ instances: Int) throws {
      let model = try Model(contentsOf: path, limits: Limits(subgraphInstances: instances))
      try Interpreter(model).invoke()
    }
    try run(3)
    let error = try error { try run(2) }
    #expect(error.kind == .limitExceeded)
    #expect(error.message.contains("subgraphInstances"))
  }

  @Test func operatorsOfTheFile() throws {
    let model = try TestModels.load("digits_float32")
    let count = model.subgraphs.reduce(0) { $0 + $1.nodes.count }
    let path = TestModels.path("digits_float32")
    _ = try Model(contentsOf: path, limits: Limits(operators: count))
    let error = try error { _ = try Model(contentsOf: path, limits: Limits(operators: count - 1)) }
    #expect(error.kind == .limitExceeded)
    #expect(error.location.subgraph == 0)
  }

  // MARK: Time

  /// With no time for it nothing is folded, and the model runs all the same.
  @Test func foldingTime() throws {
    var sketch = GraphSketch()
    let constant = try sketch.constant([Float(2)])
    let y = sketch.node(Neg(options: .defaults), [constant], [1])
    sketch.graph.outputs = [y]
    let limits = Limits(foldingTime: .zero)
    #expect(FoldConstants(limits: limits)(sketch.graph).nodes.count == 1)
    let run = try GraphRun(sketch.graph, limits: limits)
    try run.invoke()
    #expect(try run.floats(y) == [-2])
  }

  @Test func foldingTimeInNanoseconds() {
    #expect(Limits(foldingTime: .milliseconds(1500)).foldingNanoseconds == 1_500_000_000)
    #expect(Limits(foldingTime: .seconds(-1)).foldingNanoseconds == 0)
    #expect(Limits(foldingTime: .seconds(Int64.max)).foldingNanoseconds == 31_536_000_000_000_000)
  }

  /// A deadline that has passed stops before the first operator, and allocation counts.
  @Test func deadline() throws {
    let interpreter = try Interpreter(try TestModels.load("digits_float32"))
    #expect(try error { try interpreter.invoke(deadline: .nanoseconds(1)) }.kind == .deadlineExceeded)
    try interpreter.invoke(deadline: .seconds(60))
  }
}
