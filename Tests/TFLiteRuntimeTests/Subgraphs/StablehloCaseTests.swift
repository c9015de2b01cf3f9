import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@testable import TFLiteRuntime

@Suite struct StablehloCaseTests {
  /// Branch k adds k + 1; the last one answers its input twice where shapes are open.
  private func model(_ count: Int, index: [Int] = [], _ element: ElementType = .int32, isOpen: Bool = false) throws
    -> SubgraphSketch
  {
    var model = SubgraphSketch()
    try model.add {
      [$0.node(try StablehloCase(Array(1...count)), [$0.input(index, element), $0.input([2])], [2])]
    }
    for branch in 1...count {
      try model.add {
        let x = $0.input([2])
        if isOpen, branch == count { return [try $0.joined(x, x)] }
        return [try $0.sum(x, try $0.constant([Float(branch)], []))]
      }
    }
    return model
  }

  private func invoke(_ run: GraphRun, _ index: Int32) throws -> [Float] {
    try run.set(run.runner.graph.inputs[0], [index])
    try run.set(run.runner.graph.inputs[1], [10, 20] as [Float])
    try run.invoke()
    return try run.floats(run.runner.graph.outputs[0])
  }

  @Test(arguments: [1, 2, 5]) func runsTheBranchOrTheLast(count: Int) throws {
    let run = try model(count).run()
    for index in [0, 1, 2, 3, 4, 5, 100, -1, .max, .min] as [Int32] {
      let branch = (0..<count).contains(Int(index)) ? Int(index) : count - 1
      #expect(try invoke(run, index) == [Float(11 + branch), Float(21 + branch)], "\(index) of \(count)")
    }
  }

  @Test func outputHasTheBranchsShape() throws {
    let run = try model(2, index: [1], isOpen: true).run()
    #expect(try invoke(run, 0) == [11, 21])
    #expect(try invoke(run, 1) == [10, 20, 10, 20])
    #expect(run.shape(run.runner.graph.outputs[0]) == [4])
    #expect(try invoke(run, 0) == [11, 21])
  }

  @Test func indexIsOneInt32() throws {
    for (shape, element) in [
      ([2], .int32), ([0], .int32), ([], .int64), ([], .bool), ([], .float32),
    ] as [([Int], ElementType)] {
      try modelError(.malformed, subgraph: 0, "STABLEHLO_CASE") { try model(2, index: shape, element).run().invoke() }
    }
  }

  @Test func hasABranch() {
    #expect(throws: OperatorError.self) { try StablehloCase([]) }
  }

  @Test func errorsNameTheOperatorInside() throws {
    var model = SubgraphSketch()
    try model.add { [$0.node(try StablehloCase([1]), [$0.input([], .int32)], [1])] }
    try model.add { [$0.read(try $0.handle(), [1])] }
    try modelError(.invalidValue, subgraph: 1, "READ_VARIABLE") { try model.run().invoke() }
  }
}
