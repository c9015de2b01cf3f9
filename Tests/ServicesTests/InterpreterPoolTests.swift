import Glibc
import Kernels
import TFLiteRuntime
import Testing

@Suite struct InterpreterPoolTests {
  private func pool(_ model: Model, _ options: InterpreterPool.Options) throws -> InterpreterPool {
    try InterpreterPool(model, options: options)
  }

  private func tensor(_ value: Float) throws -> Tensor { try #require(Tensor([value, value], shape: [1, 2])) }

  @Test(arguments: [1, 3], [true, false])
  func everyCallGetsItsOwnAnswer(instances: Int, hasOwnThreads: Bool) async throws {
    let pool = try pool(
      try TestModel.chain("Wait"),
      .init(instances: instances, maximumQueueLength: 1000, hasOwnThreads: hasOwnThreads))
    let counter = Counter()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<300 {
        group.addTask {
          let value = Float(index % 3)
          let answer = try await pool.withInterpreter { interpreter in
            counter.enter()
            defer { counter.leave() }
            try interpreter.setInput(0, [value, Float(index)])
            try interpreter.invoke()
            return try interpreter.output(0).values(as: Float.self)
          }
          #expect(answer == [value + 1, Float(index) + 1])
        }
      }
      try await group.waitForAll()
    }
    #expect(counter.most <= instances)
    let statistics = pool.statistics
    #expect(statistics.served == 300 && statistics.running == 0 && statistics.waiting == 0)
    #expect(statistics.instances == instances && statistics.refused == 0 && statistics.abandoned == 0)
  }

  @Test func namedTensorsOfAnyShape() async throws {
    let pool = try pool(try TestModel.chain("Deaf"), .init(instances: 2))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for rows in 1..<9 {
        group.addTask {
          let x = try #require(
            Tensor((0..<rows * 2).map { Float($0) }, shape: [rows, 2]))
          #expect(try await pool(["x": x]) == ["y": x])
        }
      }
      try await group.waitForAll()
    }
  }

  @Test func theLineIsFair() async throws {
    let pool = try pool(try TestModel.chain("Deaf"), .init(maximumQueueLength: 100))
    let order = Log()
    let gate = try tensor(1)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<20 {
        group.addTask {
          try await pool.withInterpreter { interpreter in
            order.append(index)
            _ = try interpreter(["x": gate])
            // The first one stays until all others are in line.
            while index == 0 && pool.statistics.waiting < 19 { usleep(1000) }
          }
        }
        // In line, or running, before the next one comes.
        while pool.statistics.waiting + pool.statistics.running < index + 1 { await Task.yield() }
      }
      try await group.waitForAll()
    }
    #expect(order.entries == Array(0..<20))
  }

  @Test func aFullLineRefusesAtOnce() async throws {
    let pool = try pool(try TestModel.chain("Wait"), .init(maximumQueueLength: 2))
    let long = try tensor(10_000)
    let tasks = (0..<3).map { _ in Task { try await pool(["x": long]) } }
    while pool.statistics.waiting < 2 { await Task.yield() }
    await #expect(throws: InterpreterPoolError.queueIsFull(limit: 2)) { try await pool(["x": long]) }
    #expect(pool.statistics.refused == 1)
    for task in tasks { task.cancel() }
    for task in tasks {
      await #expect { try await task.value } throws: { isModelError($0, .cancelled) }
    }
    #expect(pool.statistics.running == 0 && pool.statistics.waiting == 0 && pool.statistics.abandoned == 2)
    #expect(try await pool(["x": try tensor(0)])["y"] == tensor(1))
  }

  @Test func cancellingStopsAnInvocationInsideAnOperator() async throws {
    let pool = try pool(try TestModel.chain("Wait"), .init())
    let long = try tensor(60_000)
    let task = Task { try await pool(["x": long]) }
    while pool.statistics.running == 0 { await Task.yield() }
    task.cancel()
    await #expect { try await task.value } throws: { isModelError($0, .cancelled) }
  }

  @Test func cancellingStopsAnInvocationBetweenOperators() async throws {
    let pool = try pool(try TestModel.chain("Deaf", length: 2000), .init())
    let x = try tensor(1)
    let task = Task { try await pool(["x": x]) }
    while pool.statistics.running == 0 { await Task.yield() }
    task.cancel()
    await #expect { try await task.value } throws: { isModelError($0, .cancelled) }
  }

  @Test func cancelledBeforeItBegins() async throws {
    let pool = try pool(try TestModel.chain("Wait"), .init())
    let long = try tensor(60_000)
    let task = Task {
      while !Task.isCancelled { await Task.yield() }
      return try await pool(["x": long])
    }
    task.cancel()
    await #expect { try await task.value } throws: { isModelError($0, .cancelled) }
    #expect(pool.statistics.served == 0)
  }

  /// Wherever cancellation strikes, the call ends and the interpreter comes back.
  @Test(arguments: [true, false]) func cancellingAtAnyTime(hasOwnThreads: Bool) async throws {
    let pool = try pool(
      try TestModel.chain("Wait"), .init(instances: 2, maximumQueueLength: 1000, hasOwnThreads: hasOwnThreads))
    let one = try tensor(1)
    let tasks = (0..<400).map { _ in Task { try await pool(["x": one]) } }
    await withTaskGroup(of: Void.self) { group in
      for (index, task) in tasks.enumerated() where index % 2 == 0 {
        group.addTask {
          for _ in 0..<(index % 13) { await Task.yield() }
          task.cancel()
        }
      }
    }
    for (index, task) in tasks.enumerated() {
      switch await task.result {
      case .success(let outputs): #expect(try outputs["y"] == tensor(2))
      case .failure(let error): #expect(index % 2 == 0 && isModelError(error, .cancelled))
      }
    }
    #expect(pool.statistics.running == 0 && pool.statistics.waiting == 0)
    #expect(try await pool(["x": one])["y"] == tensor(2))
  }

  @Test(arguments: [true, false]) func aDeadlineStopsAnInvocation(hasOwnThreads: Bool) async throws {
    let pool = try pool(try TestModel.chain("Wait"), .init(hasOwnThreads: hasOwnThreads))
    let long = try tensor(60_000)
    await #expect { try await pool(["x": long], deadline: .milliseconds(20)) } throws: {
      isModelError($0, .deadlineExceeded)
    }
    // The shorter one counts.
    await #expect {
      try await pool.withInterpreter(deadline: .seconds(60)) { interpreter in
        try interpreter.setInput(0, [60_000, 0] as [Float])
        try interpreter.invoke(deadline: .milliseconds(20))
      }
    } throws: {
      isModelError($0, .deadlineExceeded)
    }
    #expect(try await pool(["x": try tensor(0)], deadline: .seconds(60))["y"] == tensor(1))
  }

  @Test func aDeadlineEndsTheWait() async throws {
    let pool = try pool(try TestModel.chain("Wait"), .init())
    let long = try tensor(60_000)
    let task = Task { try await pool(["x": long]) }
    while pool.statistics.running == 0 { await Task.yield() }
    for deadline: Duration in [.zero, .microseconds(1), .milliseconds(20), .seconds(-5)] {
      await #expect { try await pool(["x": long], deadline: deadline) } throws: {
        isModelError($0, .deadlineExceeded)
      }
    }
    #expect(pool.statistics.abandoned == 4 && pool.statistics.waiting == 0)
    task.cancel()
    _ = await task.result
  }

  @Test func aDeadlineBeyondAllTimeIsNone() async throws {
    let pool = try pool(try TestModel.chain("Wait"), .init())
    #expect(try await pool(["x": try tensor(0)], deadline: .seconds(Int64.max))["y"] == tensor(1))
  }

  @Test func closing() async throws {
    let pool = try pool(try TestModel.chain("Wait"), .init())
    let (short, closed) = (try tensor(0), Log())
    let running = Task {
      try await pool.withInterpreter { interpreter in
        while closed.entries.isEmpty { usleep(1000) }
        return try interpreter(["x": short])
      }
    }
    while pool.statistics.running == 0 { await Task.yield() }
    let waiting = Task { try await pool(["x": short]) }
    while pool.statistics.waiting == 0 { await Task.yield() }
    pool.close()
    await #expect(throws: InterpreterPoolError.closed) { try await waiting.value }
    await #expect(throws: InterpreterPoolError.closed) { try await pool(["x": short]) }
    closed.append(1)
    #expect(try await running.value["y"] == tensor(1))
  }

  @Test(arguments: [
    (InterpreterPool.StatePolicy.keeps, [1, 2, 3] as [Float]), (.resetsVariables, [1, 1, 1]),
    (.resetsVariablesAndResources, [1, 1, 1]),
  ])
  func variables(policy: InterpreterPool.StatePolicy, sums: [Float]) async throws {
    let pool = try pool(try TestModel.accumulate(), .init(state: policy))
    for sum in sums {
      let y = try await pool(["x": try #require(Tensor([1, 2] as [Float], shape: [2]))])["y"]
      #expect(y?.values() == [sum, 2 * sum])
    }
  }

  @Test func profiles() async throws {
    let pool = try pool(try TestModel.chain("Deaf", length: 3), .init(instances: 2, isProfiling: true))
    let x = try tensor(1)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<10 { group.addTask { _ = try await pool(["x": x]) } }
      try await group.waitForAll()
    }
    let profile = await pool.profile()
    #expect(profile.map(\.name) == ["Deaf", "Deaf", "Deaf"] && profile.map(\.invocations) == [10, 10, 10])
    #expect(profile.allSatisfy { $0.averageNanoseconds >= 2_000_000 && $0.minimumNanoseconds <= $0.averageNanoseconds })
    let summary = Profiler.summary(of: profile)
    #expect(summary.map(\.name) == ["Deaf"] && summary.map(\.steps) == [3])
    #expect(summary.first?.totalNanoseconds == profile.reduce(0) { $0 + $1.totalNanoseconds })
    #expect(await pool.placement().operators.count == 3)
    #expect(await pool.arena().bytes > 0)
  }

  @Test func failuresOfTheBodyComeThrough() async throws {
    struct Mine: Error {}
    let pool = try pool(try TestModel.chain("Wait"), .init())
    await #expect(throws: Mine.self) { try await pool.withInterpreter { _ in throw Mine() } }
    await #expect { try await pool([:]) } throws: { isModelError($0, .invalidArgument) }
    #expect(pool.statistics.running == 0)
  }

  @Test func preparingFails() throws {
    let model = try TestModel.chain("Wait")
    #expect(throws: ModelError.self) {
      try InterpreterPool(model) { (interpreter) throws(ModelError) in try interpreter.resizeInput(0, to: [-1]) }
    }
  }

  /// Threads end with their pools.
  @Test func poolsComeAndGo() async throws {
    let model = try TestModel.chain("Deaf")
    for _ in 0..<50 {
      let pool = try pool(model, .init(instances: 4))
      _ = try await pool(["x": try tensor(1)])
    }
  }
}
