import ModelTestSupport
import TFLiteRuntime
import Testing

@Suite struct StateTests {
  /// `next = cache with row `position` replaced by `update``, `y = next + next`, or of the old cache.
  private func cacheModel(readsOld: Bool) throws -> Model {
    var model = ModelBuilder()
    let (updateSlice, add) = (model.code(151), model.code(0))
    var graph = ModelBuilder.Subgraph()
    let cache = graph.tensor([4, 2], name: "cache")
    let update = graph.tensor([1, 2], name: "update")
    let position = graph.tensor([2], type: 2, name: "position")
    let next = graph.tensor([4, 2], name: "next")
    let y = graph.tensor([4, 2], name: "y")
    graph.node(updateSlice, [cache, update, position], [next])
    let read = readsOld ? cache : next
    graph.node(add, [read, read], [y], [3: .int8(11), 4: .table([0: .int8(0)])])
    graph.inputs = [cache, update, position]
    graph.outputs = [next, y]
    model.subgraphs = [graph]
    return try Model(bytes: model.bytes())
  }

  @Test(arguments: [(false, false), (true, false), (false, true), (true, true)])
  func aCache(readsOld: Bool, preservesIntermediates: Bool) throws {
    let state = Interpreter.State(input: "cache", output: "next")
    let interpreter = try Interpreter(
      try cacheModel(readsOld: readsOld),
      options: .init(preservesIntermediates: preservesIntermediates, states: [state]))
    #expect(interpreter.isKeptInPlace(state) == nil)
    try interpreter.allocate()
    #expect(interpreter.isKeptInPlace(state) == !(readsOld || preservesIntermediates))
    var expected = [Float](repeating: 0, count: 8)
    for step in 0..<12 {
      let row = step * 3 % 4
      let old = expected
      expected[row * 2] = Float(step)
      expected[row * 2 + 1] = -Float(step)
      try interpreter.setInput(1, [Float(step), -Float(step)])
      try interpreter.setInput(2, [Int32(row), 0])
      try interpreter.invoke()
      #expect(try interpreter.output(0).values() == expected)
      #expect(try interpreter.output(1).values() == (readsOld ? old : expected).map { 2 * $0 })
      // The caller may change a state, too.
      if step == 7 {
        expected = (0..<8).map { Float($0) }
        try interpreter.setInput(0, expected)
      }
    }
    interpreter.resetStates()
    #expect(try interpreter.tensor(interpreter.inputs[0].tensor).values() == [Float](repeating: 0, count: 8))
  }

  /// Two states that change places, and a running sum.
  @Test func statesThatChangePlaces() throws {
    var model = ModelBuilder()
    let (negate, add) = (model.code(59), model.code(0))
    var graph = ModelBuilder.Subgraph()
    let names = ["a", "b", "sum", "x"]
    graph.inputs = names.map { graph.tensor([3], name: $0) }
    graph.outputs = ["minusA", "minusB", "total"].map { graph.tensor([3], name: $0) }
    graph.node(negate, [graph.inputs[0]], [graph.outputs[0]])
    graph.node(negate, [graph.inputs[1]], [graph.outputs[1]])
    graph.node(
      add, [graph.inputs[2], graph.inputs[3]], [graph.outputs[2]], [3: .int8(11), 4: .table([0: .int8(0)])])
    model.subgraphs = [graph]
    let interpreter = try Interpreter(
      try Model(bytes: model.bytes()),
      options: .init(states: [
        .init(input: "a", output: "minusB"), .init(input: "b", output: "minusA"),
        .init(input: "sum", output: "total"),
      ]))
    var (a, b, sum) = ([1, 2, 3] as [Float], [4, 5, 6] as [Float], [0, 0, 0] as [Float])
    try interpreter.setInput(0, a)
    try interpreter.setInput(1, b)
    for step in 0..<5 {
      let x = [Float](repeating: Float(step), count: 3)
      try interpreter.setInput(3, x)
      try interpreter.invoke()
      (a, b, sum) = (b.map { -$0 }, a.map { -$0 }, zip(sum, x).map { $0 + $1 })
      #expect(try interpreter.output(1).values() == a && interpreter.output(0).values() == b)
      #expect(try interpreter.output(2).values() == sum)
    }
    #expect(interpreter.isKeptInPlace(.init(input: "sum", output: "total")) == true)
  }

  @Test(arguments: [
    (Interpreter.State("nothing"), "there is no state"), (.init(input: "cache", output: "nothing"), "there is no"),
    (.init(input: "update", output: "next"), "cannot be input"), (.init(input: "position", output: "y"), "cannot be"),
  ])
  func wrongStates(state: Interpreter.State, message: String) throws {
    let model = try cacheModel(readsOld: false)
    let error = #expect(throws: ModelError.self) { try Interpreter(model, options: .init(states: [state])) }
    #expect(error?.kind == .invalidArgument && error?.message.contains(message) == true)
  }

  @Test func oneInputHasOneState() throws {
    let model = try cacheModel(readsOld: false)
    let error = #expect(throws: ModelError.self) {
      try Interpreter(
        model,
        options: .init(states: [.init(input: "cache", output: "next"), .init(input: "cache", output: "y")]))
    }
    #expect(error?.message.contains("two states") == true)
  }

  @Test func poolsForgetStates() async throws {
    let pool = try InterpreterPool(
      try cacheModel(readsOld: false),
      options: .init(interpreter: .init(states: [.init(input: "cache", output: "next")])))
    for row in 0..<3 {
      let next = try await pool.withInterpreter { interpreter in
        try interpreter.setInput(1, [1, 2] as [Float])
        try interpreter.setInput(2, [Int32(row), 0])
        try interpreter.invoke()
        return try interpreter.output(0).values(as: Float.self)
      }
      #expect(next?.reduce(0, +) == 3)
    }
  }
}
