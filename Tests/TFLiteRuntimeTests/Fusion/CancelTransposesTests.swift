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

  /// A channel shuffle, and the same with the groups next to one another afterwards.
  @Test(arguments: [(2, 29), (2, 3), (3, 16), (29, 2)]) func shuffles(groups: Int, channels: Int) throws {
    let all = groups * channels
    var sketch = GraphSketch()
    let x = sketch.input([1, 3, 4, all])
    var y = try sketch.transpose(sketch.node(Neg(options: .defaults), [x], [1, 3, 4, all]), [0, 3, 1, 2])
    y = try sketch.transpose(try sketch.reshape(y, [1, groups, channels, 3, 4]), [0, 2, 1, 3, 4])
    y = try sketch.transpose(try sketch.reshape(y, [1, all, 3, 4]), [0, 2, 3, 1])
    sketch.graph.outputs = [y]
    try sketch.check(.cancelTransposes, matches: 2, steps: ["NEG", "TRANSPOSE"])
  }

  /// Transpositions that undo one another, with reshapes between them that split and join dimensions.
  @Test func inverses() throws {
    var sketch = GraphSketch()
    let x = sketch.input([2, 3, 4])
    var y = try sketch.transpose(sketch.node(Neg(options: .defaults), [x], [2, 3, 4]), [2, 0, 1])
    y = try sketch.transpose(try sketch.reshape(y, [2, 2, 6]), [2, 0, 1])
    sketch.graph.outputs = [sketch.node(Abs(options: .defaults), [y], [6, 2, 2])]
    try sketch.check(.cancelTransposes, matches: 1, steps: ["NEG", "ABS"])
  }

  /// Reshapes that do not keep to the dimensions, and one that somebody else reads.
  @Test func reshapesBetween() throws {
    var sketch = GraphSketch()
    let x = sketch.input([4, 6])
    var y = try sketch.transpose(sketch.node(Neg(options: .defaults), [x], [4, 6]), [1, 0])
    y = try sketch.transpose(try sketch.reshape(y, [8, 3]), [1, 0])
    sketch.graph.outputs = [y]
    try sketch.check(.cancelTransposes, matches: 0, steps: ["NEG", "TRANSPOSE", "TRANSPOSE"])

    var shared = GraphSketch()
    let z = shared.input([4, 6])
    let a = try shared.transpose(shared.node(Neg(options: .defaults), [z], [4, 6]), [1, 0])
    let b = try shared.reshape(a, [2, 3, 4])
    let c = try shared.transpose(b, [2, 0, 1])
    shared.graph.outputs = [shared.node(Abs(options: .defaults), [c], [4, 2, 3]), b]
    try shared.check(.cancelTransposes, matches: 1)
  }

  /// An activation between transpositions that undo one another, with and without reshapes.
  @Test(arguments: [false, true]) func surroundedFunctions(reshapes: Bool) throws {
    var sketch = GraphSketch()
    let x = sketch.input([1, 1, 5, 4])
    var y = try sketch.transpose(sketch.node(Neg(options: .defaults), [x], [1, 1, 5, 4]), [0, 3, 1, 2])
    if reshapes { y = try sketch.reshape(y, [1, 4, 5]) }
    y = sketch.node(try Gelu(options: .defaults), [y], reshapes ? [1, 4, 5] : [1, 4, 1, 5])
    if reshapes { y = try sketch.reshape(y, [1, 4, 1, 5]) }
    y = try sketch.transpose(y, [0, 2, 3, 1])
    sketch.graph.outputs = [y]
    try sketch.check(.cancelTransposes, matches: 1, steps: ["NEG", "GELU"])
    // Not where somebody else reads what is between them.
    sketch.graph.outputs = [y, sketch.graph.nodes[1].outputs[0]]
    try sketch.check(.cancelTransposes, matches: 0)
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
