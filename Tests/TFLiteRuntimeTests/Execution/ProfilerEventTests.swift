import Delegates
import ModelTestSupport
import TFLiteRuntime
import Testing

/// What a profiler records of regions, and what an interpreter says of its arena.
@Suite struct ProfilerEventTests {
  /// ABS, NEG, ZEROS_LIKE, ABS on `float32[2, 8]`: XNNPACK lacks the third.
  private func interpreter(_ delegates: [any Delegate]) throws -> Interpreter {
    var model = ModelBuilder()
    var graph = ModelBuilder.Subgraph()
    var last = graph.tensor([2, 8], name: "x")
    graph.inputs = [last]
    for (index, code) in [101, 59, 93, 101].enumerated() {
      let next = graph.tensor([2, 8], name: "t\(index)")
      graph.node(model.code(Int32(code)), [last], [next])
      last = next
    }
    graph.outputs = [last]
    model.subgraphs = [graph]
    return try Interpreter(try Model(bytes: model.bytes()), delegates: delegates)
  }

  @Test func operatorsOfRegionsAreTold() throws {
    let interpreter = try interpreter([.xnnpack()])
    let profiler = Profiler(eventCapacity: 100)
    interpreter.profiler = profiler
    for _ in 0..<3 { try interpreter.invoke() }
    #expect(profiler.entries.map(\.name) == ["xnnpack[2]", "ZEROS_LIKE", "xnnpack[1]"])
    #expect(profiler.operatorsInRegions.map(\.name) == ["ABS", "NEG", "ABS"])
    #expect(profiler.operatorsInRegions.map(\.node) == [0, 1, 3])
    #expect(profiler.operatorsInRegions.allSatisfy { $0.invocations == 3 })
    #expect(profiler.events.count == 3 * 6)
    #expect(profiler.events.prefix(6).map(\.isInsideRegion) == [true, true, false, false, true, false])
    let region = profiler.events[2]
    for event in profiler.events[..<2] {
      #expect(event.startNanoseconds >= region.startNanoseconds)
      #expect(event.startNanoseconds + event.nanoseconds <= region.startNanoseconds + region.nanoseconds)
    }
  }

  @Test func theAcceleratorsOperatorsAreTold() throws {
    let interpreter = try interpreter([.accelerator()])
    let profiler = Profiler()
    interpreter.profiler = profiler
    try interpreter.invoke()
    let delegated = interpreter.placement.operators.count { $0.delegate == "accelerator" }
    #expect(delegated > 0 && profiler.operatorsInRegions.count == delegated)
    #expect(profiler.events.isEmpty)
  }

  @Test func eventsEndWhereThereIsNoRoom() throws {
    let interpreter = try interpreter([])
    let profiler = Profiler(eventCapacity: 5)
    interpreter.profiler = profiler
    for _ in 0..<3 { try interpreter.invoke() }
    #expect(profiler.events.count == 5)
    #expect(profiler.entries.count == 4 && profiler.entries.allSatisfy { $0.invocations == 3 })
    #expect(profiler.operatorsInRegions.isEmpty)
    profiler.reset()
    #expect(profiler.events.isEmpty && profiler.entries.isEmpty)
  }

  @Test(arguments: [false, true]) func blocksOfTheArenaHoldEveryTensorAndNeverOverlap(delegated: Bool) throws {
    let interpreter = try interpreter(delegated ? [.xnnpack()] : [])
    try interpreter.allocate()
    let blocks = interpreter.arenaBlocks
    #expect(Set(blocks.flatMap(\.tensors)) == [0, 1, 2, 3, 4])
    #expect(blocks.allSatisfy { $0.offset >= 0 && $0.byteCount > 0 && $0.firstUse <= $0.lastUse && $0.segment == 0 })
    #expect(blocks.map { $0.offset + $0.byteCount }.max() ?? 0 <= interpreter.arena.bytes)
    #expect(interpreter.executionOrder == [[0, 1, 2, 3]])
    #expect(blocks.allSatisfy { $0.lastUse <= 5 })
    for (index, first) in blocks.enumerated() {
      for second in blocks[(index + 1)...]
      where first.firstUse <= second.lastUse && second.firstUse <= first.lastUse {
        #expect(
          first.offset + first.byteCount <= second.offset || second.offset + second.byteCount <= first.offset)
      }
    }
  }
}
