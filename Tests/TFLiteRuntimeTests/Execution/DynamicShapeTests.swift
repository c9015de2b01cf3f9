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

  /// y = reshape(-x, shape(x)[::-1] * 1), then y + rank(x) as a float.
  private func reversing() throws -> (graph: Graph, x: TensorID, y: TensorID, z: TensorID) {
    var sketch = GraphSketch()
    let x = sketch.input([2, 6])
    let shape = sketch.node(ShapeOf(options: .defaults), [x], [2], .int32)
    let reversed = sketch.node(
      ReverseV2(options: .defaults), [shape, try sketch.constant([0] as [Int32])], [2], .int32)
    let computed = sketch.node(
      try Mul(options: .defaults), [reversed, try sketch.constant([1, 1] as [Int32])], [2], .int32)
    let negative = sketch.node(Neg(options: .defaults), [x], [2, 6])
    let y = sketch.node(try Reshape(options: .defaults), [negative, computed], [1, 1])
    let rank = sketch.node(Rank(options: .defaults), [y], [], .int32)
    let real = sketch.node(Cast(options: .defaults), [rank], [])
    let z = sketch.node(try Add(options: .defaults), [y, real], [1, 1])
    sketch.graph.outputs = [z]
    return (sketch.graph, x, y, z)
  }

  /// What follows from shapes alone is known before the model runs, and computed no more.
  @Test func shapesAreKnownAhead() throws {
    let (graph, x, _, z) = try reversing()
    let run = try GraphRun(graph)
    for dimensions in [[2, 6], [4, 3], [1, 0], [2, 6]] {
      try run.resize(x, to: dimensions)
      let count = dimensions[0] * dimensions[1]
      try run.set(x, (0..<count).map { Float($0) })
      #expect(run.runner.isPlannedToTheEnd)
      #expect(run.shape(z) == dimensions.reversed())
      #expect(run.runner.placement.operators.map(\.name) == ["NEG", "RESHAPE", "ADD"])
      try run.invoke()
      #expect(try run.floats(z) == (0..<count).map { 2 - Float($0) })
    }
  }

  @Test func delegatesTakeWhatFollowsFromShapes() throws {
    let (graph, x, _, z) = try reversing()
    let run = try GraphRun(graph, delegates: [TestDelegate { _ in true }])
    try run.set(x, (0..<12).map { Float($0) })
    try run.invoke()
    #expect(try run.floats(z) == (0..<12).map { 2 - Float($0) })
    #expect(run.runner.placement.operators.map(\.delegate) == ["test", "test", "test"])
  }

  /// A shape that the caller asks for is written each time.
  @Test func shapesCanBeOutputs() throws {
    var sketch = GraphSketch()
    let x = sketch.input([3], .string)
    let shape = sketch.node(ShapeOf(options: .defaults), [x], [1], .int64)
    let rank = sketch.node(Rank(options: .defaults), [x], [], .int32)
    let sum = sketch.node(try Add(options: .defaults), [shape, shape], [1], .int64)
    sketch.graph.outputs = [shape, rank, sum]
    let run = try GraphRun(sketch.graph)
    for count in [3, 0, 5] {
      try run.resize(x, to: [count])
      try run.invoke()
      #expect(try run.values(shape, as: Int64.self) == [Int64(count)])
      #expect(try run.values(rank, as: Int32.self) == [1])
      #expect(try run.values(sum, as: Int64.self) == [2 * Int64(count)])
    }
  }

  /// An operator that fails on known values does so when the model runs, by its name.
  @Test func failuresOnKnownValuesWaitForTheModelToRun() throws {
    var sketch = GraphSketch()
    let x = sketch.input([3])
    let shape = sketch.node(ShapeOf(options: .defaults), [x], [1], .int32)
    let y = sketch.node(
      try Gather(options: .defaults), [try sketch.constant([7, 8] as [Float]), shape], [1])
    sketch.graph.outputs = [y]
    let run = try GraphRun(sketch.graph)
    try run.runner.allocate()
    #expect {
      try run.invoke()
    } throws: { error in
      (error as? ModelError)?.location.operatorName == "GATHER"
    }
    try run.resize(x, to: [1])
    try run.invoke()
    #expect(try run.floats(y) == [8])
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
