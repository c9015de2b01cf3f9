import Kernels
import TensorTypes
import Testing

@testable import TFLiteRuntime

/// Graphs whose shapes depend on values: they are planned in segments, while they run.
@Suite struct DynamicShapeTests {
  /// y = relu(-reshape(x, s * [1, 1])).
  private func reshaping() throws -> (graph: Graph, x: TensorID, s: TensorID, y: TensorID) {
    var sketch = GraphSketch()
    let x = sketch.input([12])
    let s = sketch.input([2], .int32)
    let computed = sketch.node(
      try Mul(options: .defaults), [s, try sketch.constant([1, 1] as [Int32])], [2], .int32)
    let reshaped = sketch.node(try Reshape(options: .defaults), [x, computed], [1, 1])
    let negative = sketch.node(Neg(options: .defaults), [reshaped], [1, 1])
    let y = sketch.node(Relu(options: .defaults), [negative], [1, 1])
    sketch.graph.outputs = [y]
    return (sketch.graph, x, s, y)
  }

  @Test func reshapeToAComputedShape() throws {
    let (graph, x, s, y) = try reshaping()
    let run = try GraphRun(graph)
    let values = (0..<12).map { Float($0) - 6 }
    var previous: Segment?
    for (shape, isPlannedAnew) in [
      ([3, 4], true), ([3, 4], false), ([-1, 6], true), ([2, 6], false), ([12, 1], true),
    ]
      as [([Int32], Bool)]
    {
      try run.set(x, values)
      try run.set(s, shape)
      try run.invoke()
      let dimensions = run.runner.type(of: y).shape.dimensions
      #expect(dimensions == shape.map { $0 < 0 ? 2 : Int($0) })
      #expect(try run.floats(y) == values.map { max(-$0, 0) })
      #expect(run.runner.segments.count == 2)
      let segment = run.runner.segments.last
      #expect((segment !== previous) == isPlannedAnew, "shape \(shape)")
      previous = segment
      // Each operator once, however often it was planned.
      #expect(run.runner.placement.operators.map(\.name) == ["MUL", "RESHAPE", "NEG", "RELU"])
    }
  }

  @Test func errorsNameTheOperatorAndPass() throws {
    let (graph, x, s, y) = try reshaping()
    let run = try GraphRun(graph)
    try run.set(x, [Float](repeating: -1, count: 12))
    for shape in [[5, 5], [-1, -1], [Int32.max, Int32.max], [-7, 2], [0, 0]] as [[Int32]] {
      try run.set(s, shape)
      let error = #expect(throws: ModelError.self) { try run.invoke() }
      #expect(error?.location.operatorName == "RESHAPE" && error?.location.operatorIndex == 1)
      #expect(!run.runner.hasOutputs)
    }
    try run.set(s, [4, 3] as [Int32])
    try run.invoke()
    #expect(try run.floats(y) == [Float](repeating: 1, count: 12))
  }

  @Test func whereFindsOtherCounts() throws {
    var sketch = GraphSketch()
    let x = sketch.input([3, 4])
    let places = sketch.node(Where(options: .defaults), [x], [1, 2], .int64)
    let small = sketch.node(Cast(options: .defaults), [places], [1, 2], .int32)
    let y = sketch.node(Neg(options: .defaults), [small], [1, 2], .int32)
    sketch.graph.outputs = [y]
    let run = try GraphRun(sketch.graph)
    for nonzero in [[0, 5, 11], [1, 2, 3], [], Array(0..<12), [7], [0, 5, 11]] as [[Int]] {
      try run.set(x, (0..<12).map { nonzero.contains($0) ? 1 : 0 as Float })
      try run.invoke()
      #expect(run.runner.type(of: y).shape.dimensions == [nonzero.count, 2])
      #expect(try run.values(y, as: Int32.self) == nonzero.flatMap { [-Int32($0 / 4), -Int32($0 % 4)] })
    }
  }

  /// A slice from another place has the same shape: a plan that is used again must not remember the place.
  @Test func equalShapesWithOtherValues() throws {
    var sketch = GraphSketch()
    let x = sketch.input([10])
    let begin = sketch.input([1], .int32)
    let size = sketch.input([1], .int32)
    let part = sketch.node(Slice(options: .defaults), [x, begin, size], [1])
    let y = sketch.node(Neg(options: .defaults), [part], [1])
    sketch.graph.outputs = [y]
    let run = try GraphRun(sketch.graph)
    for (first, count) in [(0, 3), (5, 3), (5, 3), (2, 8), (9, 1), (0, 1)] {
      try run.set(x, (0..<10).map { Float($0) })
      try run.set(begin, [Int32(first)])
      try run.set(size, [Int32(count)])
      try run.invoke()
      #expect(try run.floats(y) == (first..<first + count).map { -Float($0) })
    }
  }

  @Test func threeSegmentsInARow() throws {
    var sketch = GraphSketch()
    let x = sketch.input([2, 6])
    let s = sketch.input([2], .int32)
    let t = sketch.input([1], .int32)
    let a = sketch.node(try Reshape(options: .defaults), [x, s], [1, 1])
    let b = sketch.node(Neg(options: .defaults), [a], [1, 1])
    let c = sketch.node(try Reshape(options: .defaults), [b, t], [1])
    // SHAPE of a shape that is computed, then used as one.
    let d = sketch.node(ShapeOf(options: .defaults), [a], [2], .int32)
    let e = sketch.node(try Reshape(options: .defaults), [c, d], [1, 1])
    sketch.graph.outputs = [e, c, d]
    let run = try GraphRun(sketch.graph)
    let values = (0..<12).map { Float($0) }
    for shape in [[3, 4], [4, 3], [4, 3], [1, 12], [3, 4]] as [[Int32]] {
      try run.set(x, values)
      try run.set(s, shape)
      try run.set(t, [-1] as [Int32])
      try run.invoke()
      #expect(run.runner.type(of: e).shape.dimensions == shape.map { Int($0) })
      #expect(run.runner.type(of: c).shape.dimensions == [12])
      #expect(try run.values(d, as: Int32.self) == shape)
      #expect(try run.floats(e) == values.map { -$0 } && run.floats(c) == values.map { -$0 })
    }
  }

  /// A delegate is asked for what is planned before the model runs, and the placement does not claim more.
  @Test func delegatesTakeTheFirstSegment() throws {
    let (graph, x, s, y) = try reshaping()
    let delegate = TestDelegate { _ in true }
    let run = try GraphRun(graph, delegates: [delegate])
    try run.set(x, (0..<12).map { Float($0) })
    try run.set(s, [3, 4] as [Int32])
    try run.invoke()
    #expect(try run.floats(y) == [Float](repeating: 0, count: 12))
    #expect(run.runner.placement.operators.map(\.delegate) == ["test", "builtin", "builtin", "builtin"])
    #expect(run.runner.placement.operators[1].reason.isEmpty == false)
    #expect(run.runner.placement.partitions.map(\.operators) == [[0]])
  }

  @Test func resizeForgetsThePlan() throws {
    let (graph, x, s, y) = try reshaping()
    let run = try GraphRun(graph)
    for count in [12, 20, 12] {
      try run.runner.resize(x, to: [count])
      try run.set(x, [Float](repeating: -2, count: count))
      try run.set(s, [4, Int32(count / 4)])
      try run.invoke()
      #expect(try run.floats(y) == [Float](repeating: 2, count: count))
      #expect(run.runner.placement.operators.count == 4)
    }
  }

  @Test func limitHoldsForLaterSegments() throws {
    var sketch = GraphSketch()
    let x = sketch.input([1])
    let s = sketch.input([2], .int32)
    let y = sketch.node(BroadcastTo(options: .defaults), [x, s], [1, 1])
    sketch.graph.outputs = [y]
    let run = try GraphRun(sketch.graph, limits: Limits(tensorElements: 1 << 30, arenaBytes: 1 << 20))
    try run.set(x, [1] as [Float])
    for shape in [[1 << 10, 1 << 10], [1 << 16, 1 << 16]] as [[Int32]] {
      try run.set(s, shape)
      #expect(throws: ModelError.self) { try run.invoke() }
    }
    try run.set(s, [2, 3] as [Int32])
    try run.invoke()
    #expect(try run.floats(y) == [1, 1, 1, 1, 1, 1])
  }
}
