import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@testable import TFLiteRuntime

/// Random graphs give the same results however they are run.
@Suite struct RandomGraphTests {
  @Test func sharedMemoryChangesNothing() throws {
    for seed in 0..<300 as Range<UInt64> {
      let graph = try RandomGraph(seed: seed)
      let separate = try graph.run(options: .init(preservesIntermediates: true), seed: seed)
      #expect(try graph.run(seed: seed) == separate, "seed \(seed)")
    }
  }

  @Test(arguments: [true, false]) func delegatesChangeNothing(usesArena: Bool) throws {
    for seed in 0..<300 as Range<UInt64> {
      let graph = try RandomGraph(seed: seed)
      let expected = try graph.run(options: .init(preservesIntermediates: true), seed: seed)
      var random = SeededGenerator(seed: seed)
      let accepted = Set(graph.sketch.graph.nodes.indices.filter { _ in Int.random(in: 0..<3, using: &random) > 0 })
      var first = TestDelegate("first") { accepted.contains($0.origin.index) }
      first.usesArena = usesArena
      if seed % 5 == 0 { first.uncompilable = "ABS" }
      var second = TestDelegate("second") { $0.origin.index % 2 == 0 }
      second.partitioning.minimumNodes = 2
      second.usesArena = usesArena
      #expect(try graph.run(delegates: [first], seed: seed) == expected, "seed \(seed), one delegate")
      #expect(try graph.run(delegates: [first, second], seed: seed) == expected, "seed \(seed), two delegates")
    }
  }

  @Test func passesChangeNothing() throws {
    for seed in 0..<300 as Range<UInt64> {
      var graph = try RandomGraph(seed: seed)
      let expected = try graph.run(seed: seed)
      graph.sketch.graph = try GraphCompiler().compile(0, of: [graph.sketch.graph], limits: .standard)
      #expect(try graph.run(seed: seed) == expected, "seed \(seed)")
    }
  }
}
