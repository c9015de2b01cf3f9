import Delegates
import Kernels
import TensorTypes
import Testing

@testable import TFLiteRuntime

/// What the placement and the arena report say.
@Suite struct PlacementTests {
  /// NEG, ABS, RELU, NEG in a row.
  private func chain() -> (sketch: GraphSketch, x: TensorID, y: TensorID) {
    var sketch = GraphSketch()
    let x = sketch.input([4])
    let a = sketch.node(Neg(options: .defaults), [x], [4])
    let b = sketch.node(Abs(options: .defaults), [a], [4])
    let c = sketch.node(Relu(options: .defaults), [b], [4])
    let y = sketch.node(Neg(options: .defaults), [c], [4])
    sketch.graph.outputs = [y]
    return (sketch, x, y)
  }

  private func check(_ run: GraphRun, _ x: TensorID, _ y: TensorID) throws {
    for _ in 0..<2 {
      try run.set(x, [1, -2, 3, -4] as [Float])
      try run.invoke()
      #expect(try run.floats(y) == [-1, -2, -3, -4])
    }
  }

  @Test(arguments: [false, true]) func aDelegateTakesSomeOperators(usesArena: Bool) throws {
    let (sketch, x, y) = chain()
    var delegate = TestDelegate { $0.name != "RELU" }
    delegate.usesArena = usesArena
    let run = try GraphRun(sketch.graph, delegates: [delegate])
    try check(run, x, y)
    #expect(delegate.regionsCompiled.count == 2 && delegate.regionsRun.count == 4)
    let placement = run.runner.placement
    #expect(placement.operators.map(\.delegate) == ["test", "test", "builtin", "test"])
    #expect(placement.operators.map(\.reason) == ["", "", "test does not like RELU", ""])
    #expect(placement.operators.map(\.origin.index) == [0, 1, 2, 3])
    #expect(placement.partitions.map(\.operators) == [[0, 1], [3]])
    #expect(placement.partitions.allSatisfy { $0.delegate == "test" && $0.subgraph == 0 })
    #expect(placement.description.contains("0.2 RELU v") && placement.description.contains("-> builtin: test does not"))
  }

  @Test func nothingIsSaidWithoutDelegates() throws {
    let (sketch, x, y) = chain()
    let run = try GraphRun(sketch.graph)
    try check(run, x, y)
    #expect(run.runner.placement.operators.allSatisfy { $0.delegate == "builtin" && $0.reason.isEmpty })
    #expect(run.runner.placement.partitions.isEmpty)
  }

  @Test func aRegionThatCannotBeCompiledFallsBack() throws {
    let (sketch, x, y) = chain()
    var delegate = TestDelegate { $0.name != "RELU" }
    delegate.uncompilable = "ABS"
    let run = try GraphRun(sketch.graph, delegates: [delegate])
    try check(run, x, y)
    let placement = run.runner.placement
    #expect(placement.operators.map(\.delegate) == ["builtin", "builtin", "builtin", "test"])
    for index in 0..<2 { #expect(placement.operators[index].reason.contains("ABS is too hard")) }
    #expect(placement.partitions.map(\.operators) == [[3]])
  }

  @Test func theFirstDelegateThatAcceptsTakes() throws {
    let (sketch, x, y) = chain()
    let first = TestDelegate("first") { $0.name == "ABS" }
    let second = TestDelegate("second") { ["ABS", "NEG"].contains($0.name) }
    let run = try GraphRun(sketch.graph, delegates: [first, second])
    try check(run, x, y)
    let placement = run.runner.placement
    #expect(placement.operators.map(\.delegate) == ["second", "first", "builtin", "second"])
    #expect(placement.operators[2].reason == "first: first does not like RELU; second: second does not like RELU")
  }

  @Test func skippedOperatorsAndNodes() throws {
    let (sketch, x, y) = chain()
    var delegate = TestDelegate { _ in true }
    delegate.partitioning = PartitioningOptions(
      skippedOperators: ["ABS"], skippedNodes: [Node.Origin(subgraph: 0, index: 3)])
    let run = try GraphRun(sketch.graph, delegates: [delegate])
    try check(run, x, y)
    let placement = run.runner.placement
    #expect(placement.operators.map(\.delegate) == ["test", "builtin", "test", "builtin"])
    #expect(placement.operators[1].reason.contains("skips it") && placement.operators[3].reason.contains("skips it"))
  }

  @Test func smallAndSurplusRegions() throws {
    let (sketch, x, y) = chain()
    for (options, expected) in [
      (PartitioningOptions(minimumNodes: 2), ["test", "test", "builtin", "builtin"]),
      (PartitioningOptions(minimumNodes: 3), ["builtin", "builtin", "builtin", "builtin"]),
      (PartitioningOptions(maximumPartitions: 1), ["test", "test", "builtin", "builtin"]),
      (PartitioningOptions(maximumPartitions: 0), ["builtin", "builtin", "builtin", "builtin"]),
      (PartitioningOptions(maximumPartitions: -1), ["builtin", "builtin", "builtin", "builtin"]),
    ] {
      var delegate = TestDelegate { $0.name != "RELU" }
      delegate.partitioning = options
      let run = try GraphRun(sketch.graph, delegates: [delegate])
      try check(run, x, y)
      #expect(run.runner.placement.operators.map(\.delegate) == expected)
      #expect(run.runner.placement.operators.allSatisfy { ($0.delegate == "test") == $0.reason.isEmpty })
    }
  }

  @Test func xnnpackOnTheDemo() throws {
    let interpreter = try Interpreter(try TestModels.load("digits_float32"), delegates: [.xnnpack()])
    try interpreter.allocate()
    let placement = interpreter.placement
    let taken = placement.operators.filter { $0.delegate == "xnnpack" }
    #expect(taken.count > placement.operators.count / 2)
    #expect(placement.partitions.reduce(0) { $0 + $1.operators.count } == taken.count)
    #expect(placement.operators.allSatisfy { ($0.delegate == "xnnpack") == $0.reason.isEmpty })
    #expect(Set(placement.operators.map(\.origin)).count == placement.operators.count)
  }

  @Test func arenaReport() throws {
    let plain = try Interpreter(try TestModels.load("digits_float32"))
    #expect(plain.arena.bytes == 0)
    try plain.allocate()
    #expect(plain.arena.bytes >= plain.arena.lowerBound && plain.arena.lowerBound > 32 * 32 * 4)
    #expect(plain.arena.isProvenOptimal == (plain.arena.bytes == plain.arena.lowerBound))
    let kept = try Interpreter(try TestModels.load("digits_float32"), options: .init(preservesIntermediates: true))
    try kept.allocate()
    #expect(kept.arena.bytes > plain.arena.bytes)
    // A chain of four in-place operators needs its input, which stays the caller's, and one buffer.
    let (sketch, x, _) = chain()
    let run = try GraphRun(sketch.graph)
    try run.set(x, [1, 2, 3, 4] as [Float])
    #expect(run.runner.arena == ArenaReport(bytes: 128, lowerBound: 128, isProvenOptimal: true))
  }
}
