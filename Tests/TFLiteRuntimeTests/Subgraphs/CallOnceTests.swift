import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@testable import TFLiteRuntime

@Suite struct CallOnceTests {
  /// The first graph calls the second once, which sets a variable to 5; then it adds 1 to the variable and answers it.
  private func model() throws -> SubgraphSketch {
    var model = SubgraphSketch()
    try model.add {
      $0.node(try CallOnce(1), [], outputs: [])
      let handle = try $0.handle()
      let sum = try $0.sum($0.read(handle, [1]), try $0.constant([Float(1)]))
      $0.assign(handle, sum)
      return [sum]
    }
    try model.add {
      $0.assign(try $0.handle(), try $0.constant([Float(5)]))
      return []
    }
    return model
  }

  private func invoke(_ run: GraphRun) throws -> [Float] {
    try run.invoke()
    return try run.floats(run.runner.graph.outputs[0])
  }

  @Test func runsInTheFirstInvocationOnly() throws {
    let run = try model().run()
    #expect(try (0..<3).map { _ in try invoke(run) } == [[6], [7], [8]])
    run.context.resources.reset()
    #expect(try invoke(run) == [6])
  }

  @Test func runsOnceForAllThatShareResources() throws {
    let resources = Resources()
    let first = try model().run(options: .init(resources: resources))
    let second = try model().run(options: .init(resources: resources))
    #expect(try invoke(first) == [6])
    #expect(try invoke(second) == [7])
    #expect(try invoke(first) == [8])
    #expect(try invoke(try model().run()) == [6])
  }

  /// What failed did not count as the one time.
  @Test func runsAgainWhereItFailed() throws {
    var model = SubgraphSketch()
    try model.add {
      $0.node(try CallOnce(1), [], outputs: [])
      return [$0.input([1])]
    }
    try model.add {
      $0.assign(try $0.handle("b"), $0.read(try $0.handle("a"), [1]))
      return []
    }
    let resources = Resources()
    let run = try model.run(options: .init(resources: resources))
    for _ in 0..<2 { try modelError(.invalidValue, subgraph: 1, "READ_VARIABLE") { try run.invoke() } }
    let assigns = try GraphSketch.run(resources) {
      $0.assign(try $0.handle("a"), try $0.constant([Float(1)]))
      return []
    }
    try assigns.invoke()
    try run.invoke()
  }

  @Test func hasNoOperands() throws {
    var model = SubgraphSketch()
    try model.add {
      $0.node(try CallOnce(1), [$0.input([1])], outputs: [])
      return []
    }
    model.add { _ in [] }
    try modelError(.malformed, subgraph: 0, "CALL_ONCE") { try model.run().invoke() }
  }
}
