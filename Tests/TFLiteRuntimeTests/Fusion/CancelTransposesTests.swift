import Kernels
import TensorTypes
import Testing

@testable import TFLiteRuntime

@Suite struct CancelTransposesTests {
  @Test func pairs() throws {
    var sketch = GraphSketch()
    let x = sketch.input([2, 3, 4, 5])
    let a = try sketch.transpose(sketch.node(Neg(options: .defaults), [x], [2, 3, 4, 5]), [0, 3, 1, 2])
    let b = try sketch.transpose(a, [0, 2, 3, 1])
    sketch.graph.outputs = [sketch.node(Abs(options: .defaults), [b], [2, 3, 4, 5])]
    try sketch.check(.cancelTransposes, matches: 1, steps: ["NEG", "ABS"])
  }

  /// The first of a pair stays where somebody else reads it.
  @Test func pairsWithReaders() throws {
    var sketch = GraphSketch()
    let x = sketch.input([2, 3, 4])
    let a = try sketch.transpose(sketch.node(Neg(options: .defaults), [x], [2, 3, 4]), [2, 0, 1])
    let b = try sketch.transpose(a, [1, 2, 0])
    sketch.graph.outputs = [sketch.node(Abs(options: .defaults), [b], [2, 3, 4]), a]
    try sketch.check(.cancelTransposes, matches: 1, steps: ["NEG", "TRANSPOSE", "ABS"])
  }

  @Test func compositions() throws {
    var sketch = GraphSketch()
    let x = sketch.input([2, 3, 4])
    var y = try sketch.transpose(sketch.node(Neg(options: .defaults), [x], [2, 3, 4]), [1, 0, 2])
    y = try sketch.transpose(y, [0, 2, 1])
    y = try sketch.transpose(y, [2, 1, 0])
    sketch.graph.outputs = [y]
    try sketch.check(.cancelTransposes, matches: 2, steps: ["NEG", "TRANSPOSE"])
  }

  @Test func unitAxes() throws {
    var sketch = GraphSketch()
    let x = sketch.input([1, 3, 1, 4])
    let y = try sketch.transpose(sketch.node(Neg(options: .defaults), [x], [1, 3, 1, 4]), [1, 0, 3, 2])
    sketch.graph.outputs = [sketch.node(Abs(options: .defaults), [y], [3, 1, 4, 1])]
    try sketch.check(.cancelTransposes, matches: 1, steps: ["NEG", "ABS"])
  }

  @Test func nearMisses() throws {
    // One that moves elements, and two of which the first is an output.
    var sketch = GraphSketch()
    let x = sketch.input([2, 3, 4])
    let a = try sketch.transpose(x, [2, 0, 1])
    let b = try sketch.transpose(a, [2, 0, 1])
    sketch.graph.outputs = [a, b]
    try sketch.check(.cancelTransposes, matches: 0, steps: ["TRANSPOSE", "TRANSPOSE"])
    // A permutation that is computed.
    var computed = GraphSketch()
    let z = computed.input([2, 3, 4])
    let c = computed.node(
      Transpose(options: .defaults), [z, try computed.constant([0, 1, 2] as [Int64])], [2, 3, 4])
    computed.graph.outputs = [c]
    #expect((try? computed.run())?.report.matches[.cancelTransposes] == nil)
  }
}
