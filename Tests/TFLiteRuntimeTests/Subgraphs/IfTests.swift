import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@testable import TFLiteRuntime

@Suite struct IfTests {
  /// y = condition ? -x : x joined with x.
  private func model(condition: [Int] = [], _ element: ElementType = .bool, isOpen: Bool = true) throws
    -> SubgraphSketch
  {
    var model = SubgraphSketch()
    try model.add {
      let inputs = [$0.input(condition, element), $0.input([2])]
      return [$0.node(try If(then: 1, otherwise: 2), inputs, [2])]
    }
    model.add { [$0.node(Neg(options: .defaults), [$0.input([2])], [2])] }
    try model.add {
      let x = $0.input([2])
      return [isOpen ? try $0.joined(x, x) : $0.node(Abs(options: .defaults), [x], [2])]
    }
    return model
  }

  private func ids(_ run: GraphRun) -> (condition: TensorID, x: TensorID, y: TensorID) {
    (run.runner.graph.inputs[0], run.runner.graph.inputs[1], run.runner.graph.outputs[0])
  }

  @Test(arguments: [[], [1], [1, 1]]) func runsEitherBranch(shape: [Int]) throws {
    let run = try model(condition: shape, isOpen: false).run()
    let (condition, x, y) = ids(run)
    for value in [true, false, false, true] {
      try run.set(condition, [value])
      try run.set(x, [-1, 2] as [Float])
      try run.invoke()
      #expect(try run.floats(y) == (value ? [1, -2] : [1, 2]))
    }
    // The shapes are the same, so nothing had to wait for values.
    #expect(run.runner.isPlannedToTheEnd)
  }

  @Test func outputHasTheBranchsShape() throws {
    let run = try model().run()
    let (condition, x, y) = ids(run)
    for value in [true, false, true, false, false] {
      try run.set(condition, [value])
      try run.set(x, [1, 2] as [Float])
      try run.invoke()
      #expect(run.shape(y) == (value ? [2] : [4]))
      #expect(try run.floats(y) == (value ? [-1, -2] : [1, 2, 1, 2]))
    }
    try run.resize(x, to: [3])
    try run.set(condition, [false])
    try run.set(x, [1, 2, 3] as [Float])
    try run.invoke()
    #expect(try run.floats(y) == [1, 2, 3, 1, 2, 3])
  }

  @Test func branchesMayForwardInputsAndStrings() throws {
    var model = SubgraphSketch()
    try model.add {
      let inputs = [$0.input([], .bool), $0.input([1], .string), $0.input([1], .string)]
      return $0.node(try If(then: 1, otherwise: 2), inputs, outputs: [([1], .string), ([1], .string)])
    }
    model.add { [$0.input([1], .string), $0.input([1], .string)] }
    model.add { [$0.input([1], .string), $0.input([1], .string)].reversed() }
    let run = try model.run()
    for value in [true, false] {
      try run.set(run.runner.graph.inputs[0], [value])
      try run.set(run.runner.graph.inputs[1], strings: ["left"])
      try run.set(run.runner.graph.inputs[2], strings: ["right"])
      try run.invoke()
      let words = try run.runner.graph.outputs.flatMap { try run.strings($0) }
      #expect(words == (value ? ["left", "right"] : ["right", "left"]))
    }
  }

  @Test func conditionIsOneBool() throws {
    for (shape, element) in [
      ([2], .bool), ([0], .bool), ([], .int32), ([], .float32), ([], .uint8),
    ] as [([Int], ElementType)] {
      try modelError(.malformed, subgraph: 0, "IF") { try model(condition: shape, element).run().invoke() }
    }
  }

  @Test func errorsNameTheOperatorInside() throws {
    var model = SubgraphSketch()
    try model.add {
      [$0.node(try If(then: 1, otherwise: 2), [$0.input([], .bool), $0.input([1])], [1])]
    }
    model.add { [$0.input([1])] }
    try model.add {
      _ = $0.input([1])
      return [$0.read(try $0.handle(), [1])]
    }
    let run = try model.run()
    try run.set(run.runner.graph.inputs[0], [true])
    try run.invoke()
    try run.set(run.runner.graph.inputs[0], [false])
    #expect(
      try modelError(.invalidValue, subgraph: 2, "READ_VARIABLE") { try run.invoke() }.location.operatorIndex == 1)
    // The interpreter is none the worse for it.
    try run.set(run.runner.graph.inputs[0], [true])
    try run.invoke()
  }

  @Test func operandsFitTheSubgraph() throws {
    for (inputs, element) in [(1, ElementType.int32), (2, .float32), (0, .float32)] {
      var model = SubgraphSketch()
      try model.add { sketch in
        let operands = [sketch.input([], .bool)] + (0..<inputs).map { _ in sketch.input([2], element) }
        return [sketch.node(try If(then: 1, otherwise: 1), operands, [2])]
      }
      try model.add {
        let x = $0.input([2])
        return [try $0.joined(x, x)]
      }
      #expect(throws: ModelError.self) { try model.run().invoke() }
    }
    try modelError(.invalidArgument) {
      var model = SubgraphSketch()
      try model.add { [$0.node(try If(then: 1, otherwise: 7), [$0.input([], .bool)], [])] }
      model.add { [$0.input([])] }
      try model.run().invoke()
    }
  }

  @Test func countsItsSubgraphs() throws {
    let model = try model(isOpen: false)
    try model.run(limits: Limits(subgraphInstances: 3)).invoke()
    try modelError(.limitExceeded) { try model.run(limits: Limits(subgraphInstances: 2)).invoke() }
  }
}
