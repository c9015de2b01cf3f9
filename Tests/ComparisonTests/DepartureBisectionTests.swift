import Comparison
import ModelTestSupport
import TFLiteRuntime
import TensorTypes
import Testing

@Suite struct DepartureBisectionTests {
  private let input: [Float] = [1, -2, 3, -4]

  private func run(_ model: Model, _ delegates: [any Delegate]) throws -> Interpreter {
    let interpreter = try Interpreter(
      model, options: .init(preservesIntermediates: true), delegates: delegates)
    try interpreter.setInput(0, try #require(Tensor(input, shape: [1, 4])))
    try interpreter.invoke()
    return interpreter
  }

  private func bisect(
    _ model: Model, _ delegate: SkewedDelegate, tolerance: Double = 0.01
  ) throws -> (finding: DepartureBisection.Finding?, attempts: Int) {
    var bisection = DepartureBisection(
      try run(model, [delegate]), reference: try run(model, []), tolerance: tolerance,
      makeCandidate: { try Interpreter($0, delegates: [delegate]) }, makeReference: { try Interpreter($0) })
    let finding = try bisection.smallest()
    return (finding, bisection.attempts)
  }

  /// `t0 = x + 1`, `t1 = t0 + 1`, …, and beside it `side = t1 * t1`, also an output.
  private func chain(_ count: Int) throws -> Model {
    var model = ModelBuilder()
    let add = model.code(0)
    let multiply = model.code(18)
    let one = model.buffer(floats: [1])
    let note = model.buffer(Array("hello".utf8))
    var graph = ModelBuilder.Subgraph()
    let x = graph.tensor([1, 4], name: "x")
    let c = graph.tensor([1], buffer: one, name: "one")
    graph.inputs = [x]
    var last = x
    for index in 0..<count {
      let next = graph.tensor([1, 4], name: "t\(index)")
      graph.node(add, [last, c], [next], [3: .int8(11), 4: .table([0: .int8(0)])])
      last = next
      if index == 1 {
        let side = graph.tensor([1, 4], name: "side")
        graph.node(multiply, [next, next], [side], [3: .int8(21), 4: .table([0: .int8(0)])])
        graph.outputs = [side]
      }
    }
    graph.outputs.append(last)
    model.subgraphs = [graph]
    model.metadata = [[0: .string("note"), 1: .uint32(note)]]
    return try Model(bytes: model.bytes())
  }

  /// What was found departs when the file is loaded again and run on the inputs, and has no more operators than it should.
  private func checkAgain(_ finding: DepartureBisection.Finding, _ delegate: SkewedDelegate, tolerance: Double) throws {
    let model = try Model(bytes: finding.model)
    #expect(model.subgraphs[0].nodes.count == finding.operators.count)
    func outputs(_ delegates: [any Delegate]) throws -> [Tensor] {
      let interpreter = try Interpreter(model, delegates: delegates)
      #expect(interpreter.inputs.count == finding.inputs.count)
      for (index, tensor) in finding.inputs.enumerated() { try interpreter.setInput(index, tensor) }
      try interpreter.invoke()
      return try interpreter.outputs.indices.map { try interpreter.output($0) }
    }
    let (wrong, right) = (try outputs([delegate]), try outputs([]))
    #expect(wrong == finding.outputs.map(\.tensor))
    #expect(right == finding.outputs.map(\.reference))
    let errors = zip(wrong, right).map { ErrorMeasures($0, reference: $1)?.relative ?? .infinity }
    #expect(errors.contains { $0 > tolerance })
  }

  @Test(arguments: [1, 2, 5, 12], [0, 1, 4, 11]) func `one wrong operator is found alone`(_ count: Int, _ wrong: Int)
    throws
  {
    guard wrong < count else { return }
    let delegate = SkewedDelegate(["t\(wrong)": 0.5])
    let model = try chain(count)
    let (finding, attempts) = try bisect(model, delegate)
    let found = try #require(finding)
    // Behind the second addition stands the multiplication.
    #expect(found.operators == [wrong > 1 ? wrong + 1 : wrong])
    #expect(attempts == 1)
    #expect(try Model(bytes: found.model).metadata.map(\.name) == ["note"])
    try checkAgain(found, delegate, tolerance: 0.01)
  }

  @Test(arguments: [(2, 3), (2, 4), (3, 9), (0, 11), (5, 6)]) func `errors that add up are found together`(
    _ first: Int, _ second: Int
  ) throws {
    let delegate = SkewedDelegate(["t\(first)": 0.008, "t\(second)": 0.008])
    let (finding, _) = try bisect(try chain(12), delegate)
    let found = try #require(finding)
    func position(_ index: Int) -> Int { index > 1 ? index + 1 : index }
    // The multiplication does not contribute.
    #expect(found.operators == (position(first)...position(second)).filter { $0 != 2 })
    try checkAgain(found, delegate, tolerance: 0.01)
  }

  @Test func `nothing departs, nothing is found`() throws {
    let (finding, attempts) = try bisect(try chain(3), SkewedDelegate([:]))
    #expect(finding == nil)
    #expect(attempts == 0)
  }

  @Test func `what departs without effect is left alone`() throws {
    // t1's element goes into the square, which departs; an earlier tensor that departs by less than the tolerance is not to blame.
    let delegate = SkewedDelegate(["t0": 0.001, "side": 0.5])
    let (finding, _) = try bisect(try chain(4), delegate)
    #expect(try #require(finding).operators == [2])
  }

  @Test func `weights that operators compute come along`() throws {
    var model = ModelBuilder()
    let add = model.code(0)
    let multiply = model.code(18)
    let constant = model.buffer(floats: [1, 2, 3, 4])
    var graph = ModelBuilder.Subgraph()
    let x = graph.tensor([1, 4], name: "x")
    let c = graph.tensor([4], buffer: constant, name: "c")
    let weights = graph.tensor([4], name: "weights")
    let before = graph.tensor([1, 4], name: "before")
    let y = graph.tensor([1, 4], name: "y")
    graph.node(add, [x, x], [before], [3: .int8(11), 4: .table([0: .int8(0)])])
    graph.node(add, [c, c], [weights], [3: .int8(11), 4: .table([0: .int8(0)])])
    graph.node(multiply, [before, weights], [y], [3: .int8(21), 4: .table([0: .int8(0)])])
    graph.inputs = [x]
    graph.outputs = [y]
    model.subgraphs = [graph]
    let delegate = SkewedDelegate(["y": 0.5])
    let (finding, _) = try bisect(try Model(bytes: model.bytes()), delegate)
    let found = try #require(finding)
    #expect(found.operators == [1, 2])
    #expect(found.inputs.map { $0.values(as: Float.self) } == [[2, -4, 6, -8]])
    try checkAgain(found, delegate, tolerance: 0.01)
  }

  @Test func `shapes are those of the run`() throws {
    let model = try Model(bytes: ModelBuilder.addRelu().bytes())
    let delegate = SkewedDelegate(["y": 0.5])
    func run(_ delegates: [any Delegate]) throws -> Interpreter {
      let interpreter = try Interpreter(model, options: .init(preservesIntermediates: true), delegates: delegates)
      try interpreter.setInput(0, try #require(Tensor([Float](repeating: 2, count: 12), shape: [3, 4])))
      try interpreter.invoke()
      return interpreter
    }
    var bisection = DepartureBisection(
      try run([delegate]), reference: try run([]), tolerance: 0.01,
      makeCandidate: { try Interpreter($0, delegates: [delegate]) }, makeReference: { try Interpreter($0) })
    let found = try #require(try bisection.smallest())
    #expect(found.operators == [1])
    #expect(try Interpreter(Model(bytes: found.model)).inputs.map(\.type.shape.dimensions) == [[3, 4]])
    try checkAgain(found, delegate, tolerance: 0.01)
  }
}
