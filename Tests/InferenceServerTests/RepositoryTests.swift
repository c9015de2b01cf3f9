import Foundation
import InferenceServer
import TFLiteRuntime
import Testing

struct RepositoryTests {
  private func rows(_ values: [Float], model: String = "m", version: String = "", id: String = "") -> InferenceRequest {
    let tensor = TestModels.tensor(values, shape: [values.count / 4, 4])
    return InferenceRequest(
      model: model, version: version, id: id, inputs: [NamedTensor(name: "x", datatype: .fp32, tensor: tensor)])
  }

  private func count(to limit: Int32, timeout: Duration? = nil) -> InferenceRequest {
    InferenceRequest(
      model: "count",
      inputs: [NamedTensor(name: "limit", datatype: .int32, tensor: TestModels.tensor([limit], shape: []))],
      timeout: timeout)
  }

  @Test func runsAModel() async throws {
    let folder = try TestRepository()
    try folder.add("m", TestModels.addRelu)
    let repository = try await folder.open()
    #expect(repository.isReady)
    let response = try await repository.infer(rows([-9, 0, 0, 1, 1, 1, 1, -9], id: "7"))
    #expect(response.outputs.map(\.name) == ["y"])
    #expect(response.outputs[0].shape == [2, 4])
    #expect(response.outputs[0].tensor.values(as: Float.self) == [0, 2, 3, 5, 2, 3, 4, 0])
    #expect(response.id == "7" && response.version == "1")
    let snapshot = try repository.model("m").statistics.snapshot
    #expect(snapshot.success.count == 1 && snapshot.executions == 1 && snapshot.pending == 0)
    #expect(!snapshot.placement.operators.isEmpty && snapshot.arenaBytes > 0)
  }

  /// Plans that are kept for batches of other sizes are memory that a model holds.
  @Test func asksForPatienceUntilModelsWereTried() async throws {
    let folder = try TestRepository()
    try folder.add("m", TestModels.addRelu)
    let repository = try ModelRepository(path: folder.path, logger: TestRepository.quiet)
    func problem(_ name: String) -> ServingError.Kind? {
      do throws(ServingError) {
        _ = try repository.model(name)
        return nil
      } catch {
        return error.kind
      }
    }
    #expect(problem("m") == .unavailable && problem("other") == .unavailable)
    await repository.loadAll()
    #expect(problem("m") == nil && problem("other") == .notFound)
  }

  @Test func arenasOfAllBatches() async throws {
    let folder = try TestRepository()
    try folder.add("m", TestModels.addRelu, configuration: #"{"instances": 2}"#)
    let repository = try await folder.open()
    let statistics = try repository.model("m").statistics
    let atFirst = statistics.snapshot.arenaBytes
    #expect(atFirst > 0)
    var held = atFirst
    for rows in [16, 64] {
      _ = try await repository.infer(self.rows([Float](repeating: 1, count: rows * 4)))
      #expect(statistics.snapshot.arenaBytes >= held + rows * 16)
      held = statistics.snapshot.arenaBytes
    }
    let metrics = ServerMetrics.text(repository.readyModels, admission: AdmissionControl(.init()))
    #expect(metrics.contains("\ntflite_arena_bytes{model=\"m\",version=\"1\"} \(held)\n"))
  }

  /// With each delegate the answers are the same, and the placement says who gives them.
  @Test(arguments: ["builtin", "xnnpack", "auto"]) func delegates(name: String) async throws {
    let folder = try TestRepository()
    try folder.add("m", TestModels.addRelu, configuration: #"{"delegate": "\#(name)", "instances": 2}"#)
    let repository = try await folder.open()
    #expect(repository.isReady)
    for _ in 0..<4 {
      let response = try await repository.infer(rows([-9, 0, 0, 1]))
      #expect(response.outputs[0].tensor.values(as: Float.self) == [0, 2, 3, 5])
    }
    #expect(try repository.model("m").configuration.delegate.rawValue == name)
    let operators = try repository.model("m").statistics.snapshot.placement.operators
    #expect(operators.count == 2)
    for entry in operators {
      switch name {
      case "auto": #expect(entry.delegate == "xnnpack" || entry.reason.contains("measured"))
      case "xnnpack": #expect(entry.delegate == "xnnpack")
      default: #expect(entry.delegate == "builtin")
      }
    }
  }

  @Test func wrongRequests() async throws {
    let folder = try TestRepository()
    try folder.add("m", TestModels.addRelu)
    let repository = try await folder.open()
    func message(_ request: InferenceRequest) async -> String {
      do throws(ServingError) {
        _ = try await repository.infer(request)
        return ""
      } catch { return "\(error.kind) \(error.message)" }
    }
    #expect(await message(rows([1, 2, 3, 4], model: "n")) == "notFound Request for unknown model: 'n' is not found")
    #expect(
      await message(rows([1, 2, 3, 4], version: "3"))
        == "notFound Request for unknown model: 'm' version 3 is not found")
    #expect(await message(rows([1, 2, 3, 4], version: "x")).hasPrefix("invalidArgument failed to get model version"))
    var request = rows([1, 2, 3, 4], id: "a")
    request.inputs = []
    #expect(
      await message(request)
        == "invalidArgument [request id: a] expected 1 inputs but got 0 inputs for model 'm'. Got input(s) [], but missing "
        + "required input(s) ['x']. Please provide all required input(s).")
    request.inputs = [NamedTensor(name: "z", datatype: .fp32, tensor: TestModels.tensor([Float(1)], shape: [1]))]
    #expect(await message(request) == "invalidArgument [request id: a] unexpected inference input 'z' for model 'm'")
    request.inputs = [NamedTensor(name: "x", datatype: .int32, tensor: TestModels.tensor([Int32(1)], shape: [1]))]
    #expect(
      await message(request)
        == "invalidArgument [request id: a] inference input 'x' data-type is 'INT32', but model 'm' expects 'FP32'")
    request.inputs = [NamedTensor(name: "x", datatype: .fp32, tensor: TestModels.tensor([Float(1)], shape: [1, 1]))]
    #expect(
      await message(request)
        == "invalidArgument [request id: a] unexpected shape for input 'x' for model 'm'. Expected [-1,4], got [1,1]")
    request = rows([1, 2, 3, 4])
    request.outputs = ["q"]
    #expect(
      await message(request)
        == "invalidArgument [request id: <id_unknown>] unexpected inference output 'q' for model 'm'")
    // The model still works.
    #expect(await message(rows([1, 2, 3, 4])) == "")
    #expect(try repository.model("m").statistics.snapshot.failures[.other] == 5)
  }

  @Test func deadlinesReachTheInterpreter() async throws {
    let folder = try TestRepository()
    try folder.add("count", TestModels.counting)
    let repository = try await folder.open()
    #expect(try await repository.infer(count(to: 10)).outputs[0].tensor.values(as: Int32.self) == [10])
    // Counting that far takes more than half an hour: the test would not end.
    let error = await #expect(throws: ServingError.self) {
      try await repository.infer(count(to: .max, timeout: .milliseconds(100)))
    }
    #expect(error?.message.hasSuffix("Request timeout expired") == true && error?.kind == .unavailable)
    // The instance is free again.
    #expect(try await repository.infer(count(to: 3)).outputs[0].tensor.values(as: Int32.self) == [3])
  }

  @Test func cancellationReachesTheInterpreter() async throws {
    let folder = try TestRepository()
    try folder.add("count", TestModels.counting)
    let repository = try await folder.open()
    let cancellation = RequestCancellation()
    let request = count(to: .max)
    let running = Task { try await repository.infer(request, cancellation: cancellation) }
    let waiting = Task { try await repository.infer(request) }
    try await Task.sleep(for: .milliseconds(100))
    cancellation.cancel()
    waiting.cancel()
    for task in [running, waiting] {
      let error = await #expect(throws: ServingError.self) { try await task.value }
      #expect(error?.kind == .cancelled)
    }
    #expect(try await repository.infer(count(to: 3)).outputs[0].tensor.values(as: Int32.self) == [3])
    #expect(try repository.model("count").statistics.snapshot.failures[.cancelled] == 2)
  }

  @Test func fullQueuesRefuseAtOnce() async throws {
    let folder = try TestRepository()
    try folder.add("count", TestModels.counting, configuration: #"{"max_queue_size": 2}"#)
    let repository = try await folder.open()
    let request = count(to: .max, timeout: .seconds(2))
    let tasks = (0..<8).map { _ in Task { try await repository.infer(request) } }
    var full = 0
    for task in tasks {
      let error = await #expect(throws: ServingError.self) { try await task.value }
      if error?.message.hasSuffix("Exceeds maximum queue size") == true { full += 1 }
    }
    // One runs and two wait; the instance may not have taken the first one when the others come.
    #expect(full >= 5 && full <= 6)
  }

  @Test func batchesAreJoinedAndDivided() async throws {
    let folder = try TestRepository()
    try folder.add(
      "m", TestModels.addRelu,
      configuration:
        #"{"max_batch_size": 8, "dynamic_batching": {"preferred_batch_size": [8], "max_queue_delay_microseconds": 200000}}"#
    )
    let repository = try await folder.open()
    let requests = (0..<4).map { rows([Float](repeating: Float($0), count: 8)) }
    let answers = try await withThrowingTaskGroup(of: (Int, [Float]?).self) { group in
      for (index, request) in requests.enumerated() {
        group.addTask { (index, try await repository.infer(request).outputs[0].tensor.values(as: Float.self)) }
      }
      return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    for index in 0..<4 {
      let base = Float(index)
      #expect(answers[index] == [base + 1, base + 2, base + 3, base + 4, base + 1, base + 2, base + 3, base + 4])
    }
    let snapshot = try repository.model("m").statistics.snapshot
    #expect(snapshot.executions == 1 && snapshot.inferences == 8)
    #expect(snapshot.batches.keys.sorted() == [8])
    let error = await #expect(throws: ServingError.self) {
      try await repository.infer(rows([Float](repeating: 0, count: 36)))
    }
    #expect(error?.message.hasSuffix("inference request batch-size must be <= 8 for 'm'") == true)
  }

  /// A call with little time gives up in a batch with one that has more.
  @Test func deadlinesInsideABatch() async throws {
    let folder = try TestRepository()
    try folder.add(
      "m", TestModels.addRelu,
      configuration: #"{"max_batch_size": 8, "dynamic_batching": {"max_queue_delay_microseconds": 60000000}}"#)
    let repository = try await folder.open()
    var short = rows([1, 2, 3, 4])
    short.timeout = .milliseconds(100)
    var long = rows([1, 2, 3, 4])
    long.timeout = .seconds(60)
    let other = Task { [long] in try await repository.infer(long) }
    let hasty = Task { [short] in try await repository.infer(short) }
    // Were it not ended by itself, it would be answered with the batch.
    let error = await #expect(throws: ServingError.self) { try await hasty.value }
    #expect(error?.message.hasSuffix("Request timeout expired") == true)
    other.cancel()
    await #expect(throws: ServingError.self) { try await other.value }
    #expect(try repository.model("m").waiting == 0)
  }

  @Test func reloadingKeepsWhatWorks() async throws {
    let folder = try TestRepository()
    try folder.add("m", TestModels.addRelu)
    let repository = try await folder.open()
    let first = try repository.model("m")
    await repository.reload()
    #expect(try repository.model("m") === first)
    // A corrupt version does not replace the one that serves.
    try folder.add("m", version: 2, Array(TestModels.addRelu.prefix(200)))
    await repository.reload()
    #expect(try repository.model("m") === first)
    #expect(repository.index().map(\.state) == [.ready, .unavailable])
    #expect(repository.index()[1].reason.isEmpty == false)
    await #expect(throws: ServingError.self) { try await repository.load("m") }
    #expect(try await repository.infer(rows([1, 2, 3, 4])).version == "1")
    // A good one does.
    try folder.add("m", version: 2, TestModels.addRelu)
    await repository.reload()
    #expect(try await repository.infer(rows([1, 2, 3, 4])).version == "2")
    #expect(repository.index().map(\.version) == ["2"])
    try folder.remove("m")
    await repository.reload()
    #expect(throws: ServingError.self) { try repository.model("m") }
    #expect(repository.index().isEmpty)
  }

  @Test func theOldVersionFinishesItsRequests() async throws {
    let folder = try TestRepository()
    try folder.add("count", TestModels.counting)
    let repository = try await folder.open()
    let running = Task { [request = count(to: 60_000)] in try await repository.infer(request) }
    try await Task.sleep(for: .milliseconds(50))
    try folder.add("count", version: 2, TestModels.counting)
    try await repository.load("count")
    #expect(try await repository.infer(count(to: 1)).version == "2")
    let response = try await running.value
    #expect(response.version == "1" && response.outputs[0].tensor.values(as: Int32.self) == [60_000])
  }

  /// Nobody sees an error while versions come and go.
  @Test func reloadsUnderLoad() async throws {
    let folder = try TestRepository()
    try folder.add("m", TestModels.addRelu)
    let repository = try await folder.open()
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<4 {
        group.addTask {
          var served = 0
          for _ in 0..<200 {
            _ = try await repository.infer(rows([1, 2, 3, 4]))
            served += 1
          }
          return served
        }
      }
      for version in 2...10 {
        try folder.add("m", version: version, TestModels.addRelu)
        try await repository.load("m")
      }
      #expect(try await group.reduce(0, +) == 800)
    }
  }

  @Test func loadAndUnload() async throws {
    let folder = try TestRepository()
    try folder.add("m", TestModels.addRelu)
    let repository = try await folder.open()
    try await repository.unload("m")
    let error = await #expect(throws: ServingError.self) { try await repository.infer(rows([1, 2, 3, 4])) }
    #expect(error?.message == "Request for unknown model: 'm' has no available versions")
    // Unloaded models stay so until somebody asks.
    await repository.reload()
    #expect(throws: ServingError.self) { try repository.model("m") }
    try await repository.load("m", configuration: Array(#"{"instances": 2}"#.utf8))
    #expect(try repository.model("m").configuration.instances == 2)
    for name in ["nix", "..", "", "a/b", ".hidden", "a\u{0}b", String(repeating: "x", count: 300)] {
      await #expect(throws: ServingError.self) { try await repository.load(name) }
      await #expect(throws: ServingError.self) { try await repository.unload(name) }
    }
    await #expect(throws: ServingError.self) { try await repository.load("m", configuration: Array("{".utf8)) }
    #expect(try await repository.infer(rows([1, 2, 3, 4])).version == "1")
  }

  @Test func labels() async throws {
    let folder = try TestRepository()
    let configuration = #"{"labels": {"y": "names.txt"}}"#
    try folder.add("m", TestModels.addRelu, configuration: configuration)
    let repository = try await folder.open()
    // A file that is named and not there is no file of no names.
    #expect(repository.index().first?.reason.contains("names.txt") == true)
    func first() async throws -> String? {
      var request = rows([1, 2, 3, 4])
      request.outputs = ["y"]
      request.classes = ["y": 1]
      let strings = try await repository.infer(request).outputs[0].tensor.strings
      return strings.map { String(decoding: $0[0], as: UTF8.self) }
    }
    try folder.write("a\nb\nc\nd\n", to: "m/names.txt")
    try await repository.load("m")
    #expect(try await first() == "8.000000:3:d")
    // A version's own names come first.
    try folder.write("e\nf\ng\nh", to: "m/1/names.txt")
    try await repository.unload("m")
    try await repository.load("m")
    #expect(try await first() == "8.000000:3:h")
    let error = await #expect(throws: ServingError.self) {
      try await repository.load("m", configuration: Array(#"{"labels": {"z": "names.txt"}}"#.utf8))
    }
    #expect(error?.message.contains("labels names output 'z'") == true)
    #expect(try await first() == "8.000000:3:h")
  }

  @Test func strings() async throws {
    let folder = try TestRepository()
    try folder.add("s", TestModels.sameStrings)
    let repository = try await folder.open()
    func tensor(_ name: String, _ strings: [String]) -> NamedTensor {
      NamedTensor(name: name, datatype: .bytes, tensor: TestModels.tensor(strings: strings))
    }
    let response = try await repository.infer(
      InferenceRequest(model: "s", inputs: [tensor("a", ["x", "", "é"]), tensor("b", ["x", "y", "é"])]))
    #expect(response.outputs[0].tensor.values(as: Bool.self) == [true, false, true])
    #expect(response.outputs[1].tensor.strings == ["x", "", "é"].map { Array($0.utf8) })
  }
}
