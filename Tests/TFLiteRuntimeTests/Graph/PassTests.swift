import FlatBuffers
import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@testable import TFLiteRuntime

/// The graph passes, each on graphs that show what it does.
@Suite struct PassTests {
  private func floats(_ tensor: GraphTensor) -> [Float]? {
    tensor.constant.map { constant in
      UnsafeRawBufferPointer(start: constant.bytes.baseAddress, count: constant.bytes.count).withMemoryRebound(
        to: Float.self, Array.init)
    }
  }

  // MARK: Constant folding

  @Test func foldsChainsOfConstants() throws {
    var sketch = GraphSketch()
    let x = sketch.input([2, 2])
    let stored = try sketch.constant([1, 2, 3, 4] as [Float16], [4])
    let wide = sketch.node(Dequantize(options: .defaults), [stored], [4])
    let square = sketch.node(
      try Reshape(options: .defaults), [wide, try sketch.constant([2, 2] as [Int32])], [1, 1])
    let turned = sketch.node(
      Transpose(options: .defaults), [square, try sketch.constant([1, 0] as [Int32])], [1, 1])
    let y = sketch.node(try Add(options: .defaults), [x, turned], [2, 2])
    sketch.graph.outputs = [y]
    let folded = FoldConstants(limits: .standard)(sketch.graph)
    #expect(folded.nodes.map(\.name) == ["ADD"])
    #expect(floats(folded[turned]) == [1, 3, 2, 4])
    #expect(folded[turned].type.shape.dimensions == [2, 2])
    let run = try GraphRun(folded)
    try run.set(x, [10, 20, 30, 40] as [Float])
    try run.invoke()
    #expect(try run.floats(y) == [11, 23, 32, 44])
  }

  @Test func leavesWhatItMustNotCompute() throws {
    var sketch = GraphSketch()
    let c = try sketch.constant([1, 2] as [Float])
    let state = sketch.variable([2])
    // Not pure; reads a variable; makes far more of its constants than they are.
    let a = sketch.node(Hook { _ in }, [c], [2])
    let b = sketch.node(Neg(options: .defaults), [state], [2])
    let wanted = try sketch.constant([1 << 20, 2] as [Int32])
    let large = sketch.node(BroadcastTo(options: .defaults), [c, wanted], [1 << 20, 2])
    sketch.graph.outputs = [a, b, large]
    let folded = FoldConstants(limits: .standard)(sketch.graph)
    #expect(folded.nodes.count == 3 && folded[a].constant == nil && folded[b].constant == nil)
    #expect(folded[large].constant == nil)
  }

  @Test func foldingHasABudget() throws {
    var sketch = GraphSketch()
    let c = try sketch.constant([Float](repeating: 1, count: 100))
    let a = sketch.node(Neg(options: .defaults), [c], [100])
    let b = sketch.node(Abs(options: .defaults), [c], [100])
    sketch.graph.outputs = [a, b]
    #expect(FoldConstants(limits: Limits(foldedConstantBytes: 0))(sketch.graph).nodes.count == 2)
    #expect(FoldConstants(limits: Limits(foldedConstantBytes: 400))(sketch.graph).nodes.count == 1)
    #expect(FoldConstants(limits: Limits(foldedConstantBytes: 800))(sketch.graph).nodes.isEmpty)
  }

  /// An operator that fails on its constants is left, and reported with its place when an interpreter is made.
  @Test func foldingLeavesErrors() throws {
    var sketch = GraphSketch()
    let c = try sketch.constant([1, 2, 3] as [Float])
    let y = sketch.node(try Reshape(options: .defaults), [c, try sketch.constant([2, 2] as [Int32])], [2, 2])
    sketch.graph.outputs = [y]
    let folded = FoldConstants(limits: .standard)(sketch.graph)
    #expect(folded.nodes.count == 1)
    let run = try GraphRun(folded)
    let error = #expect(throws: ModelError.self) { try run.invoke() }
    #expect(error?.location.operatorName == "RESHAPE" && error?.location.operatorIndex == 0)
  }

  @Test func foldedOutputs() throws {
    var sketch = GraphSketch()
    let y = sketch.node(Neg(options: .defaults), [try sketch.constant([1, 2] as [Float])], [2])
    sketch.graph.outputs = [y]
    let run = try GraphRun(try GraphCompiler().compile(0, of: [sketch.graph], limits: .standard))
    #expect(run.runner.graph.nodes.isEmpty)
    try run.invoke()
    #expect(try run.floats(y) == [-1, -2])
  }

  // MARK: Dead code

  @Test func dropsWhatNobodyReads() throws {
    var sketch = GraphSketch()
    let x = sketch.input([2])
    let state = sketch.variable([2])
    let dead = sketch.node(Neg(options: .defaults), [x], [2])
    _ = sketch.node(Abs(options: .defaults), [dead], [2])
    let y = sketch.node(Relu(options: .defaults), [x], [2])
    _ = sketch.node(Accumulate(), [x, state], [2])
    let used = sketch.node(Neg(options: .defaults), [x], [2])
    _ = sketch.node(Hook { _ in }, [used], [2])
    sketch.graph.outputs = [y]
    #expect(EliminateDeadCode()(sketch.graph).nodes.map(\.name) == ["RELU", "Accumulate", "NEG", "Hook"])
    // What has no implementation stays, to be reported.
    sketch.graph.nodes[1].implementation = .failure(.unsupported("nothing"))
    #expect(EliminateDeadCode()(sketch.graph).nodes.map(\.name) == ["NEG", "ABS", "RELU", "Accumulate", "NEG", "Hook"])
  }

  // MARK: Composites

  private func composite(
    _ sketch: inout GraphSketch, _ inputs: [TensorID], _ outputs: [([Int], ElementType)], body: Int32
  ) throws -> [TensorID] {
    let first = sketch.graph.tensors.count
    sketch.node(Neg(options: .defaults), inputs, outputs: outputs)
    let index = sketch.graph.nodes.count - 1
    sketch.graph.nodes[index].identity = .builtin(.stablehloComposite)
    sketch.graph.nodes[index].options = try .table([0: .string("test.composite"), 1: .int32(body)])
    sketch.graph.nodes[index].implementation = .failure(.unsupported("composites are inlined"))
    return (first..<first + outputs.count).map { TensorID($0) }
  }

  private func compile(_ graphs: [Graph], limits: Limits = .standard) throws -> Graph {
    try GraphCompiler(foldsConstants: false, eliminatesDeadCode: false).compile(0, of: graphs, limits: limits)
  }

  @Test func inlinesNestedComposites() throws {
    // Subgraph 1 is (a, b) -> -(inner(a) + b); subgraph 2 is a -> |a| + 1.
    var main = GraphSketch()
    let x = main.input([3])
    let z = main.input([3])
    let first = try composite(&main, [x, z], [([3], .float32)], body: 1)
    let second = try composite(&main, [first[0], x], [([3], .float32)], body: 1)
    main.graph.outputs = second
    var outer = GraphSketch()
    let a = outer.input([3])
    let b = outer.input([3])
    let inner = try composite(&outer, [a], [([3], .float32)], body: 2)
    let sum = outer.node(try Add(options: .defaults), [inner[0], b], [3])
    outer.graph.outputs = [outer.node(Neg(options: .defaults), [sum], [3])]
    var innermost = GraphSketch()
    let c = innermost.input([3])
    let size = innermost.node(Abs(options: .defaults), [c], [3])
    innermost.graph.outputs = [
      innermost.node(try Add(options: .defaults), [size, try innermost.constant([1] as [Float])], [3])
    ]
    let graph = try compile([main.graph, outer.graph, innermost.graph])
    #expect(graph.nodes.map(\.name) == ["ABS", "ADD", "ADD", "NEG", "ABS", "ADD", "ADD", "NEG"])
    let run = try GraphRun(graph)
    try run.set(x, [1, -2, 3] as [Float])
    try run.set(z, [10, 20, 30] as [Float])
    try run.invoke()
    let once: [Float] = [-12, -23, -34]
    #expect(try run.floats(second[0]) == zip(once, [1, -2, 3] as [Float]).map { -(abs($0) + 1 + $1) })
  }

  @Test func outputsThatAreInputsConstantsOrTwice() throws {
    // (a) -> (a, constant, -a, -a)
    var body = GraphSketch()
    let a = body.input([2])
    let c = try body.constant([7, 8] as [Float])
    let n = body.node(Neg(options: .defaults), [a], [2])
    body.graph.outputs = [a, c, n, n]
    var main = GraphSketch()
    let x = main.input([2])
    main.graph.outputs = try composite(
      &main, [x], [([2], .float32), ([2], .float32), ([2], .float32), ([2], .float32)], body: 1)
    let graph = try compile([main.graph, body.graph])
    for options in [Interpreter.Options(), .init(preservesIntermediates: true)] {
      let run = try GraphRun(graph, options: options)
      for values in [[1, 2], [3, 4]] as [[Float]] {
        try run.set(x, values)
        try run.invoke()
        let results = try graph.outputs.map { try run.floats($0) }
        #expect(results == [values, [7, 8], values.map { -$0 }, values.map { -$0 }])
        // The outputs are not the input's memory.
        try run.set(x, [9, 9] as [Float])
        #expect(try run.floats(graph.outputs[0]) == values)
      }
    }
  }

  @Test func recursionHasALimit() throws {
    var main = GraphSketch()
    let x = main.input([2])
    main.graph.outputs = try composite(&main, [x], [([2], .float32)], body: 1)
    var body = GraphSketch()
    let a = body.input([2])
    body.graph.outputs = try composite(&body, [a], [([2], .float32)], body: 1)
    let error = #expect(throws: ModelError.self) { try compile([main.graph, body.graph]) }
    #expect(error?.kind == .limitExceeded && error?.location.operatorName == "STABLEHLO_COMPOSITE")
  }

  @Test func explosionHasALimit() throws {
    // Each of twenty bodies calls the next one ten times.
    var graphs: [Graph] = []
    for level in 0..<20 as Range<Int32> {
      var sketch = GraphSketch()
      var value = sketch.input([2])
      for _ in 0..<10 {
        value =
          level == 19
          ? sketch.node(Neg(options: .defaults), [value], [2])
          : try composite(&sketch, [value], [([2], .float32)], body: level + 1)[0]
      }
      sketch.graph.outputs = [value]
      graphs.append(sketch.graph)
    }
    let error = #expect(throws: ModelError.self) { try compile(graphs, limits: Limits(operators: 10_000)) }
    #expect(error?.kind == .limitExceeded)
  }

  @Test func decompositionsThatDoNotFit() throws {
    var body = GraphSketch()
    let a = body.input([2])
    body.graph.outputs = [body.node(Neg(options: .defaults), [a], [2])]
    for (inputs, outputs, index) in [(2, 1, 1), (0, 1, 1), (1, 2, 1), (1, 1, 2), (1, 1, -1)] as [(Int, Int, Int32)] {
      var main = GraphSketch()
      let x = main.input([2])
      main.graph.outputs = try composite(
        &main, [TensorID](repeating: x, count: inputs),
        [([Int], ElementType)](repeating: ([2], .float32), count: outputs),
        body: index)
      let error = #expect(throws: ModelError.self) { try compile([main.graph, body.graph]) }
      #expect(error?.kind == .malformed && error?.location.operatorIndex == 0)
    }
  }

  // MARK: Compiled graphs

  @Test func compiledOncePerSetOfPasses() throws {
    let model = try TestModels.load("dynamic_batch")
    let first = try Interpreter(model)
    let second = try Interpreter(model)
    let plain = try Interpreter(model, options: .init(compiler: GraphCompiler(foldsConstants: false)))
    for (a, b) in zip(first.runner.graph.tensors, second.runner.graph.tensors) { #expect(a.constant === b.constant) }
    #expect(plain.runner.graph.nodes.count == first.runner.graph.nodes.count)
  }
}
