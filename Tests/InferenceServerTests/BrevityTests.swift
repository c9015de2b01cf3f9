import InferenceServer
import TFLiteRuntime
import Testing

@Suite struct BrevityTests {
  let small = [TestModels.tensor([1, 2, 3, 4] as [Float], shape: [1, 4])]
  let large = [TestModels.tensor([1, 2, 3, 4, 5, 6, 7, 8] as [Float], shape: [2, 4])]

  @Test func whatIsNotKnownIsNotBrief() {
    var brevity = Brevity(isSteady: true)
    #expect(!brevity.expects(small))
    brevity.note(small, nanoseconds: 50_000)
    #expect(brevity.expects(small))
    #expect(!brevity.expects(large))
    brevity.note(large, nanoseconds: Brevity.limit + 1)
    #expect(!brevity.expects(large))
    #expect(!brevity.expects(small))
  }

  @Test func oneSlowRunSaysLittle() {
    var brevity = Brevity(isSteady: true)
    brevity.note(small, nanoseconds: 60_000)
    brevity.note(small, nanoseconds: 90_000_000)
    #expect(brevity.expects(small))
    for _ in 0..<3 { brevity.note(small, nanoseconds: 90_000_000) }
    #expect(!brevity.expects(small))
    for _ in 0..<20 { brevity.note(small, nanoseconds: 60_000) }
    #expect(brevity.expects(small))
    for _ in 0..<100 { brevity.note(small, nanoseconds: .max) }
    #expect(!brevity.expects(small))
  }

  @Test func valuesThatDecideHowLong() {
    var loops = Brevity(isSteady: false)
    loops.note(small, nanoseconds: 10)
    #expect(!loops.expects(small))
    var strings = Brevity(isSteady: true)
    let text = [TestModels.tensor(strings: ["a", "b"])]
    for _ in 0..<5 { strings.note(text, nanoseconds: 10) }
    #expect(!strings.expects(text))
  }

  /// Many callers, more than there are instances: some run where they are, some wait; each gets its own answer.
  @Test(arguments: [1, 2]) func callersAndThreadsShareInstances(instances: Int) async throws {
    let folder = try TestRepository()
    try folder.add("m", TestModels.addRelu, configuration: #"{"instances": \#(instances), "max_queue_size": 1000}"#)
    let repository = try await folder.open()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for caller in 0..<8 {
        group.addTask {
          for call in 0..<100 {
            let rows = 1 + (caller + call / 25) % 3
            let values = (0..<rows * 4).map { Float(caller * 1000 + call + $0) }
            let tensor = TestModels.tensor(values, shape: [rows, 4])
            let request = InferenceRequest(
              model: "m", inputs: [NamedTensor(name: "x", datatype: .fp32, tensor: tensor)])
            let response = try await repository.infer(request)
            #expect(
              response.outputs[0].tensor.values(as: Float.self)
                == values.enumerated().map { $1 + Float($0 % 4 + 1) })
          }
        }
      }
      try await group.waitForAll()
    }
    let snapshot = try repository.model("m").statistics.snapshot
    #expect(snapshot.success.count == 800 && snapshot.executions == 800 && snapshot.pending == 0)
  }
}
