import TFLiteRuntime
import Testing

@Suite struct CancellableRunTests {
  @Test func runs() async throws {
    let interpreter = try Interpreter(try TestModel.chain("Wait"))
    try interpreter.setInput(0, [1, 5] as [Float])
    try await interpreter.run()
    #expect(try interpreter.output(0).values() == [2, 6] as [Float])
  }

  @Test func stopsWithItsTask() async throws {
    let model = try TestModel.chain("Wait")
    let task = Task {
      let interpreter = try Interpreter(model)
      try interpreter.setInput(0, [60_000, 0] as [Float])
      try await interpreter.run()
    }
    try await Task.sleep(for: .milliseconds(20))
    task.cancel()
    await #expect { try await task.value } throws: { isModelError($0, .cancelled) }
  }

  @Test func aCancelledTaskDoesNotRunAndTheInterpreterStaysUsable() async throws {
    let model = try TestModel.chain("Wait")
    let task = Task { () -> [Float]? in
      let interpreter = try Interpreter(model)
      try interpreter.setInput(0, [3, 0] as [Float])
      while !Task.isCancelled { await Task.yield() }
      await #expect { try await interpreter.run() } throws: { isModelError($0, .cancelled) }
      // Without the task's cancellation it runs.
      try interpreter.invoke()
      return try interpreter.output(0).values()
    }
    task.cancel()
    #expect(try await task.value == [4, 1])
  }

  @Test func deadline() async throws {
    let interpreter = try Interpreter(try TestModel.chain("Wait"))
    try interpreter.setInput(0, [60_000, 0] as [Float])
    await #expect { try await interpreter.run(deadline: .milliseconds(10)) } throws: {
      isModelError($0, .deadlineExceeded)
    }
  }
}
