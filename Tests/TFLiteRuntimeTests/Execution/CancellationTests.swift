import Foundation
import Glibc
import Kernels
import TensorTypes
import Testing

@testable import TFLiteRuntime

/// An invocation ends early when it is cancelled or late: inside operators and between them.
@Suite struct CancellationTests {
  private let slow: [Float] = [-1, 0, 0, 0]

  @Test(arguments: [1, 2]) func cancelsInsideAnOperator(threads: Int) throws {
    let interpreter = try Interpreter(try TestModels.custom(), options: .init(threads: threads))
    try interpreter.setInput(0, slow)
    let canceller = interpreter.canceller
    // A thread of its own: tasks would wait for this test to end where there are few cores.
    Thread.detachNewThread {
      usleep(50_000)
      canceller.cancel()
    }
    let start = ContinuousClock.now
    let error = #expect(throws: ModelError.self) { try interpreter.invoke() }
    #expect(error?.kind == .cancelled && error?.location.operatorName == "NoSuchOperator")
    #expect(ContinuousClock.now - start < .seconds(20))
    // The next invocation is not cancelled.
    try interpreter.setInput(0, [1, 1, 1, 1] as [Float])
    try interpreter.invoke()
    #expect(try interpreter.output(0).values(as: Float.self) == [2, 2, 2, 2])
  }

  @Test(arguments: [1, 2]) func deadlineInsideAnOperator(threads: Int) throws {
    let interpreter = try Interpreter(try TestModels.custom(), options: .init(threads: threads))
    try interpreter.setInput(0, slow)
    let start = ContinuousClock.now
    let error = #expect(throws: ModelError.self) { try interpreter.invoke(deadline: .milliseconds(50)) }
    #expect(error?.kind == .deadlineExceeded && error?.location.operatorIndex == 0)
    let elapsed = ContinuousClock.now - start
    #expect(elapsed >= .milliseconds(50) && elapsed < .seconds(20))
    try interpreter.setInput(0, [1, 1, 1, 1] as [Float])
    try interpreter.invoke(deadline: .seconds(60))
    // Deadlines beyond any clock are none, and times past are over at once.
    try interpreter.invoke(deadline: .seconds(Int64.max))
    for past in [Duration.zero, .seconds(-1), .seconds(Int64.min)] {
      let error = #expect(throws: ModelError.self) { try interpreter.invoke(deadline: past) }
      #expect(error?.kind == .deadlineExceeded)
    }
  }

  @Test func cancelsBetweenOperators() throws {
    let later = Counter()
    var sketch = GraphSketch()
    let x = sketch.input([4])
    let first = sketch.node(Hook { $0.cancel() }, [x], [4])
    sketch.graph.outputs = [sketch.node(Hook { _ in later.increment() }, [first], [4])]
    let run = try GraphRun(sketch.graph)
    let error = #expect(throws: ModelError.self) { try run.invoke() }
    #expect(error?.kind == .cancelled && error?.location.operatorIndex == 1)
    #expect(later.count == 0 && !run.runner.hasOutputs)
  }

  @Test func cancelsARegion() throws {
    var sketch = GraphSketch()
    let x = sketch.input([4])
    sketch.graph.outputs = [sketch.node(Hook { $0.cancel() }, [x], [4])]
    let run = try GraphRun(sketch.graph, delegates: [TestDelegate { _ in true }])
    let error = #expect(throws: ModelError.self) { try run.invoke() }
    #expect(error?.kind == .cancelled && !run.runner.hasOutputs)
  }
}
