import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@testable import TFLiteRuntime

@Suite struct WhileTests {
  /// A loop over (i, limit, values…) as long as i < limit. The body counts i up; `body` makes the values.
  private func model(
    _ values: [([Int], ElementType)], body: (inout GraphSketch, [TensorID]) throws -> [TensorID]
  ) throws -> SubgraphSketch {
    let types = [([Int](), ElementType.float32), ([], .float32)] + values
    var model = SubgraphSketch()
    try model.add { sketch in
      let inputs = types.map { sketch.input($0.0, $0.1) }
      return sketch.node(try While(condition: 1, body: 2), inputs, outputs: types)
    }
    model.add { sketch in
      let inputs = types.map { sketch.input($0.0, $0.1) }
      return [sketch.node(Less(options: .defaults), [inputs[0], inputs[1]], [], .bool)]
    }
    try model.add { sketch in
      let inputs = types.map { sketch.input($0.0, $0.1) }
      let next = try sketch.sum(inputs[0], try sketch.constant([Float(1)], []))
      return [next, inputs[1]] + (try body(&sketch, Array(inputs.dropFirst(2))))
    }
    return model
  }

  private func start(_ run: GraphRun, rounds: Int) throws {
    try run.set(run.runner.graph.inputs[0], [Float(0)])
    try run.set(run.runner.graph.inputs[1], [Float(rounds)])
  }

  @Test func runsAsOftenAsTheConditionSays() throws {
    let run = try model([([2], .float32)]) { [try $0.sum($1[0], $1[0])] }.run()
    for rounds in [0, 1, 2, 20, 0] {
      try start(run, rounds: rounds)
      try run.set(run.runner.graph.inputs[2], [1, -3] as [Float])
      try run.invoke()
      let factor = Float(1 << rounds)
      #expect(try run.floats(run.runner.graph.outputs[0]) == [Float(rounds)])
      #expect(try run.floats(run.runner.graph.outputs[2]) == [factor, -3 * factor])
    }
    #expect(run.runner.isPlannedToTheEnd)
    try start(run, rounds: 5000)
    try run.invoke()
    #expect(try run.floats(run.runner.graph.outputs[0]) == [5000])
  }

  @Test func shapesMayGrow() throws {
    let run = try model([([1], .float32)]) { [try $0.joined($1[0], $1[0])] }.run()
    for rounds in [3, 0, 5, 1] {
      try start(run, rounds: rounds)
      try run.set(run.runner.graph.inputs[2], [Float(7)])
      try run.invoke()
      #expect(run.shape(run.runner.graph.outputs[2]) == [1 << rounds])
      #expect(try run.floats(run.runner.graph.outputs[2]) == [Float](repeating: 7, count: 1 << rounds))
    }
  }

  @Test func valuesMaySwap() throws {
    let run = try model([([2], .float32), ([2], .float32), ([2], .float32)]) { [$1[2], $1[0], $1[1]] }.run()
    for rounds in 0...5 {
      try start(run, rounds: rounds)
      for index in 0..<3 { try run.set(run.runner.graph.inputs[2 + index], [Float(index), Float(10 * index)]) }
      try run.invoke()
      let first = try run.runner.graph.outputs.dropFirst(2).map { try run.floats($0)[0] }
      #expect(first == (0..<3).map { Float(($0 + 3 - rounds % 3) % 3) }, "\(rounds) rounds")
    }
  }

  /// Swapped values of different sizes: shapes swap too.
  @Test func shapesMaySwap() throws {
    let run = try model([([1], .float32), ([3], .float32)]) { [$1[1], $1[0]] }.run()
    for rounds in 0...3 {
      try start(run, rounds: rounds)
      try run.set(run.runner.graph.inputs[2], [1] as [Float])
      try run.set(run.runner.graph.inputs[3], [2, 3, 4] as [Float])
      try run.invoke()
      let values = try run.runner.graph.outputs.dropFirst(2).map { try run.floats($0) }
      #expect(values == (rounds % 2 == 0 ? [[1], [2, 3, 4]] : [[2, 3, 4], [1]]), "\(rounds) rounds")
    }
  }

  @Test func forwardsStrings() throws {
    let run = try model([([2], .string), ([2], .string)]) { [$1[1], $1[0]] }.run()
    for rounds in [0, 1, 4] {
      try start(run, rounds: rounds)
      try run.set(run.runner.graph.inputs[2], strings: ["a", "long string"])
      try run.set(run.runner.graph.inputs[3], strings: ["", "b"])
      try run.invoke()
      let words = try run.runner.graph.outputs.dropFirst(2).map { try run.strings($0) }
      #expect(words == (rounds % 2 == 0 ? [["a", "long string"], ["", "b"]] : [["", "b"], ["a", "long string"]]))
    }
  }

  /// IF inside WHILE: negative values grow by 1, others by 10.
  @Test func branchesInside() throws {
    var model = try model([([], .float32)]) { sketch, values in
      let zero = try sketch.constant([Float(0)], [])
      let isNegative = sketch.node(Less(options: .defaults), [values[0], zero], [], .bool)
      return [sketch.node(try If(then: 3, otherwise: 4), [isNegative, values[0]], [])]
    }
    for step: Float in [1, 10] { try model.add { [try $0.sum($0.input([]), try $0.constant([step], []))] } }
    let run = try model.run()
    try start(run, rounds: 5)
    try run.set(run.runner.graph.inputs[2], [Float(-2)])
    try run.invoke()
    #expect(try run.floats(run.runner.graph.outputs[2]) == [30])
    try model.run(limits: Limits(subgraphInstances: 5)).invoke()
    try modelError(.limitExceeded) { try model.run(limits: Limits(subgraphInstances: 4)).invoke() }
  }

  /// The condition is a constant, so that only a deadline or the caller ends the loop.
  private func endless(_ hook: Hook = Hook { _ in }) throws -> SubgraphSketch {
    var model = SubgraphSketch()
    try model.add { [$0.node(try While(condition: 1, body: 2), [$0.input([4])], [4])] }
    try model.add {
      _ = $0.input([4])
      return [try $0.constant([true], [])]
    }
    model.add { [$0.node(hook, [$0.input([4])], [4])] }
    return model
  }

  @Test(.timeLimit(.minutes(1))) func deadlineEndsALoop() throws {
    let run = try endless().run()
    try modelError(.deadlineExceeded) { try run.invoke(deadline: ExecutionContext.now() + 30_000_000) }
  }

  @Test(.timeLimit(.minutes(1))) func cancellingEndsALoop() throws {
    let rounds = Counter()
    let run = try endless(
      Hook {
        rounds.increment()
        if rounds.count == 10 { $0.cancel() }
      }
    ).run()
    try modelError(.cancelled) { try run.invoke() }
    #expect(rounds.count == 10)
  }

  @Test func errorsNameTheOperatorInside() throws {
    let run = try model([([], .float32)]) { sketch, _ in [sketch.read(try sketch.handle(), [1])] }.run()
    try start(run, rounds: 1)
    try modelError(.invalidValue, subgraph: 2, "READ_VARIABLE") { try run.invoke() }
  }

  @Test func conditionIsOneBool() throws {
    for (shape, element) in [([2], .bool), ([], .float32), ([], .int32)] as [([Int], ElementType)] {
      var model = SubgraphSketch()
      try model.add { [$0.node(try While(condition: 1, body: 2), [$0.input(shape, element)], shape, element)] }
      for _ in 1...2 { model.add { [$0.input(shape, element)] } }
      try modelError(.malformed, "WHILE") { try model.run().invoke() }
    }
  }

  @Test func inputsAndOutputsAgree() throws {
    for outputs in [[], [([2], .int32)], [([2], .float32), ([2], .float32)]] as [[([Int], ElementType)]] {
      var model = SubgraphSketch()
      try model.add { $0.node(try While(condition: 1, body: 2), [$0.input([2])], outputs: outputs) }
      try modelError(.malformed, subgraph: 0, "WHILE") { try model.run().invoke() }
    }
  }
}
