import Kernels
import TensorTypes
import Testing

@testable import TFLiteRuntime

/// Tensors that keep their values from one invocation to the next.
@Suite struct VariableTests {
  @Test func keepTheirValuesUntilReset() throws {
    var sketch = GraphSketch()
    let x = sketch.input([3])
    let state = sketch.variable([3])
    let y = sketch.node(Accumulate(), [x, state], [3])
    sketch.graph.outputs = [y]
    let run = try GraphRun(sketch.graph)
    for expected in [[1, 2, 3], [2, 4, 6], [3, 6, 9]] as [[Float]] {
      try run.set(x, [1, 2, 3] as [Float])
      try run.invoke()
      #expect(try run.floats(y) == expected)
      #expect(try run.floats(state) == expected)
    }
    run.runner.resetVariables()
    #expect(try run.floats(state) == [0, 0, 0])
    try run.invoke()
    #expect(try run.floats(y) == [1, 2, 3])
    // Two interpreters have variables of their own.
    let other = try GraphRun(sketch.graph)
    try other.set(x, [5, 5, 5] as [Float])
    try other.invoke()
    #expect(try other.floats(y) == [5, 5, 5])
    #expect(try run.floats(state) == [1, 2, 3])
  }

  @Test func surviveAResize() throws {
    var sketch = GraphSketch()
    let x = sketch.input([2])
    let state = sketch.variable([2])
    let other = sketch.input([1])
    let sum = sketch.node(Accumulate(), [x, state], [2])
    sketch.graph.outputs = [sum, sketch.node(Neg(options: .defaults), [other], [1])]
    let run = try GraphRun(sketch.graph)
    try run.set(x, [1, 2] as [Float])
    try run.invoke()
    try run.runner.resize(other, to: [7])
    try run.set(x, [1, 2] as [Float])
    try run.invoke()
    #expect(try run.floats(sum) == [2, 4])
  }

  /// Nodes 0 and 3 would be one region if only tensors counted, and node 2 would then run before node 1, which uses the variable first.
  @Test func useOfAVariableKeepsItsOrder() throws {
    var sketch = GraphSketch()
    let x = sketch.input([2])
    let state = sketch.variable([2])
    let a = sketch.node(Neg(options: .defaults), [x], [2])
    let b = sketch.node(Accumulate(), [a, state], [2])
    let c = sketch.node(Accumulate(), [x, state], [2])
    let d = sketch.node(try Add(options: .defaults), [a, c], [2])
    sketch.graph.outputs = [b, c, d]
    for delegates in [[], [TestDelegate { ["NEG", "ADD"].contains($0.name) }]] as [[any Delegate]] {
      let run = try GraphRun(sketch.graph, delegates: delegates)
      try run.set(x, [1, 2] as [Float])
      try run.invoke()
      #expect(try run.floats(b) == [-1, -2])
      #expect(try run.floats(c) == [0, 0])
      #expect(try run.floats(d) == [-1, -2])
    }
  }

  @Test func countAgainstTheLimit() throws {
    var sketch = GraphSketch()
    let x = sketch.input([1000])
    let state = sketch.variable([1000])
    sketch.graph.outputs = [sketch.node(Accumulate(), [x, state], [1000])]
    let error = #expect(throws: ModelError.self) {
      try GraphRun(sketch.graph, limits: Limits(arenaBytes: 1000))
    }
    #expect(error?.kind == .limitExceeded && error?.location.tensor == state.index)
  }
}
