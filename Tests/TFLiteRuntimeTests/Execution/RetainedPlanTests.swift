import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@testable import TFLiteRuntime

/// Inputs that are resized to shapes they had before.
@Suite struct RetainedPlanTests {
  private func interpreter(bytes: Int, arenaBytes: Int = 1 << 20) throws -> Interpreter {
    let model = try Model(
      contentsOf: TestModels.path("dynamic_batch"), limits: Limits(arenaBytes: arenaBytes))
    return try Interpreter(model, options: .init(retainedPlanBytes: bytes))
  }

  private func values(_ span: Span<Float>) -> [Float] { span.indices.map { span[$0] } }

  /// Runs a batch and answers the plan that was used.
  private func run(_ interpreter: Interpreter, _ count: Int) throws -> Segment {
    try interpreter.resizeInput(0, to: [count, 6])
    try interpreter.allocate()
    // What was there before is not seen again.
    let input = try interpreter.input(0, as: Float.self)
    let isClear = input.indices.allSatisfy { input[$0] == 0 }
    #expect(isClear && input.count == count * 6)
    let row: [Float] = [1, -2, 3, -4, 5, 6]
    try interpreter.setInput(0, (0..<count).flatMap { _ in row })
    try interpreter.invoke()
    let alone = try Interpreter(try TestModels.load("dynamic_batch"))
    try alone.setInput(0, row)
    try alone.invoke()
    let one = try values(alone.output(0, as: Float.self))
    let all = try values(interpreter.output(0, as: Float.self))
    #expect(all == (0..<count).flatMap { _ in one })
    return try #require(interpreter.runner.segments.first)
  }

  @Test func aKnownShapeIsNotPlannedAgain() throws {
    let interpreter = try interpreter(bytes: 1 << 20)
    let plans = try [1, 3, 8].map { try run(interpreter, $0) }
    for _ in 0..<2 {
      for (count, plan) in zip([3, 1, 8], [plans[1], plans[0], plans[2]]) {
        #expect(try run(interpreter, count) === plan)
      }
    }
  }

  @Test func withoutMemoryNothingIsKept() throws {
    let interpreter = try interpreter(bytes: 0)
    let plan = try run(interpreter, 2)
    _ = try run(interpreter, 3)
    #expect(try run(interpreter, 2) !== plan)
  }

  /// Of too many plans the one goes that was not used for the longest time.
  @Test func theOldestGoesFirst() throws {
    let whole = try run(try interpreter(bytes: 0), 64).plan.bytes
    let interpreter = try interpreter(bytes: 2 * whole + whole / 2)
    let plans = try [64, 65, 66].map { try run(interpreter, $0) }
    #expect(try run(interpreter, 64) === plans[0])
    // 65 and 66 are kept, and 64 is in use: with 67 the kept ones are 66 and 64.
    _ = try run(interpreter, 67)
    #expect(try run(interpreter, 66) === plans[2])
    #expect(try run(interpreter, 64) === plans[0])
    #expect(try run(interpreter, 65) !== plans[1])
  }

  @Test func whatIsKeptIsCounted() throws {
    let interpreter = try interpreter(bytes: 1 << 20)
    let plans = try [1, 3, 8].map { try run(interpreter, $0).plan.bytes }
    #expect(interpreter.arena.bytes == plans[2])
    #expect(interpreter.heldArenaBytes == plans.reduce(0, +))
    let forgetful = try self.interpreter(bytes: 0)
    for count in [1, 3, 8] { _ = try run(forgetful, count) }
    #expect(forgetful.heldArenaBytes == plans[2])
  }

  /// What is kept does not keep a larger shape from running.
  @Test func keptPlansMakeRoom() throws {
    let whole = try run(try interpreter(bytes: 0), 1024).plan.bytes
    let interpreter = try interpreter(bytes: 4 * whole, arenaBytes: whole + whole / 2)
    _ = try run(interpreter, 1000)
    _ = try run(interpreter, 1024)
    _ = try run(interpreter, 1000)
  }
}
