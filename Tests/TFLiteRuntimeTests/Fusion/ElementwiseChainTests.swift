import Glibc
import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@testable import TFLiteRuntime

/// Fused elementwise operators give the bits of the operators one after the other.
@Suite struct ElementwiseChainTests {
  @Test func silu() throws {
    for swapped in [false, true] {
      var sketch = GraphSketch()
      let x = sketch.input([3, 23])
      let gate = sketch.node(Logistic(options: .defaults), [x], [3, 23])
      sketch.graph.outputs = [try sketch.mul(swapped ? gate : x, swapped ? x : gate, [3, 23])]
      let y = try sketch.check(.silu, matches: 1, steps: ["SILU"])[0]
      for (x, y) in zip(GraphSketch.values(69, seed: 11), y) {
        #expect(abs(Double(y) - Double(x) / (1 + exp(-Double(x)))) < 1e-6)
      }
    }
  }

  /// The logistic of something else, and one that is an output.
  @Test func siluNearMisses() throws {
    var sketch = GraphSketch()
    let x = sketch.input([8]), other = sketch.input([8])
    let gate = sketch.node(Logistic(options: .defaults), [other], [8])
    sketch.graph.outputs = [try sketch.mul(x, gate, [8])]
    try sketch.check(.silu, matches: 0)
    var second = GraphSketch()
    let z = second.input([8])
    let kept = second.node(Logistic(options: .defaults), [z], [8])
    second.graph.outputs = [try second.mul(z, kept, [8]), kept]
    try second.check(.silu, matches: 0)
  }

  @Test(arguments: [1, 7, 16, 33, 700]) func chains(width: Int) throws {
    var sketch = GraphSketch()
    let shape = [2, 3, width]
    let x = sketch.input(shape), residual = sketch.input(shape)
    var y = try sketch.mul(x, try sketch.vector(width, seed: 5), shape)
    y = try sketch.add(try sketch.vector(width, seed: 6), y, shape, relu: true)
    y = sketch.node(try Gelu(options: .defaults), [y], shape)
    y = sketch.node(try Sub(options: .defaults), [try sketch.scalar(1), y], shape)
    y = try sketch.add(y, residual, shape)
    // x again: the step must not have overwritten it.
    y = try sketch.mul(y, x, shape)
    sketch.graph.outputs = [y]
    try sketch.check(.elementwiseChain, matches: 5, steps: ["MUL + ADD + GELU + SUB + ADD + MUL"])
  }

  @Test func acrossReshapes() throws {
    var sketch = GraphSketch()
    let x = sketch.input([4, 6])
    let a = try sketch.add(x, try sketch.vector(6, seed: 5), [4, 6])
    let b = try sketch.reshape(a, [2, 12])
    sketch.graph.outputs = [try sketch.mul(b, try sketch.vector(12, seed: 6), [2, 12])]
    try sketch.check(.elementwiseChain, matches: 1, steps: ["ADD + MUL"])
  }

  @Test func nearMisses() throws {
    // A second reader, an output on the way, an operand that repeats along rows, integers.
    var sketch = GraphSketch()
    let x = sketch.input([4, 6]), column = sketch.input([4, 1])
    let a = try sketch.add(x, try sketch.scalar(1), [4, 6])
    let b = sketch.node(Tanh(options: .defaults), [a], [4, 6])
    let c = sketch.node(Logistic(options: .defaults), [a], [4, 6])
    let d = try sketch.mul(c, column, [4, 6])
    sketch.graph.outputs = [b, d]
    try sketch.check(.elementwiseChain, matches: 0)
    var integers = GraphSketch()
    let i = integers.input([4], .int32)
    let sum = integers.node(try Add(options: .defaults), [i, i], [4], .int32)
    integers.graph.outputs = [integers.node(try Mul(options: .defaults), [sum, i], [4], .int32)]
    try integers.check(.elementwiseChain, matches: 0)
    var squared = GraphSketch()
    let z = squared.input([4])
    let w = try squared.add(z, try squared.scalar(1), [4])
    squared.graph.outputs = [try squared.mul(w, w, [4])]
    try squared.check(.elementwiseChain, matches: 0)
    var growing = GraphSketch()
    let s = growing.input([6])
    let t = growing.node(Tanh(options: .defaults), [s], [6])
    growing.graph.outputs = [try growing.add(t, growing.input([4, 6]), [4, 6])]
    try growing.check(.elementwiseChain, matches: 0)
  }

  /// Passes look at each operator once; steps are bounded.
  @Test func longChains() throws {
    var sketch = GraphSketch()
    var y = sketch.input([2])
    for _ in 0..<20_000 { y = sketch.node(Tanh(options: .defaults), [y], [2]) }
    sketch.graph.outputs = [y]
    let clock = ContinuousClock.now
    let report = try sketch.run().report
    #expect(report.steps.count == 20_000 / FuseElementwiseChain.limit)
    #expect(ContinuousClock.now - clock < .seconds(60))
  }
}
