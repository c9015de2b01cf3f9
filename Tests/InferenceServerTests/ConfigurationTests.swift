import InferenceServer
import Testing

struct ConfigurationTests {
  private func read(_ text: String) throws(ServingError) -> ModelConfiguration {
    try ModelConfiguration(json: Array(text.utf8))
  }

  @Test func readsAllMembers() throws {
    let configuration = try read(
      """
      {"delegate": "xnnpack", "threads": 2, "instances": 3, "signature": "s", "max_batch_size": 8,
       "dynamic_batching": {"preferred_batch_size": [8, 4], "max_queue_delay_microseconds": 250},
       "max_queue_size": 5, "default_timeout_milliseconds": 10, "max_timeout_milliseconds": 20, "warm_ups": 0,
       "version_policy": {"specific": [1, 3]}, "keeps_state": true, "file_name": "m.tflite", "max_arena_bytes": 1000,
       "labels": {"y": "labels.txt"}}
      """)
    #expect(configuration.delegate == .xnnpack)
    #expect(configuration.threads == 2 && configuration.instances == 3)
    #expect(
      configuration.batching
        == BatchPolicy(maximumSize: 8, preferredSizes: [4, 8], maximumDelay: 250_000, isDynamic: true))
    #expect(configuration.defaultTimeout == .milliseconds(10))
    #expect(configuration.chosenVersions(of: [1, 2, 3]) == [1, 3])
    #expect(configuration.fileName == "m.tflite" && configuration.keepsState)
    #expect(configuration.labels == ["y": "labels.txt"])
  }

  @Test func delegates() throws {
    #expect(try read("{}").delegate == .builtin)
    for (text, choice) in [("builtin", ModelConfiguration.DelegateChoice.builtin), ("auto", .automatic)] {
      #expect(try read(#"{"delegate": "\#(text)"}"#).delegate == choice)
    }
  }

  @Test func versionPolicies() throws {
    #expect(try read("{}").chosenVersions(of: [2, 10, 1]) == [10])
    #expect(
      try read(#"{"version_policy": {"latest": {"num_versions": 2}}}"#).chosenVersions(of: [2, 10, 1]) == [2, 10])
    #expect(try read(#"{"version_policy": {"all": {}}}"#).chosenVersions(of: [2, 1]) == [1, 2])
  }

  @Test(arguments: [
    "", "[]", "{", #"{"treads": 2}"#, #"{"threads": 0}"#, #"{"threads": "2"}"#, #"{"threads": 1.5}"#,
    #"{"delegate": "gpu"}"#,
    #"{"max_batch_size": -1}"#, #"{"file_name": "../x"}"#, #"{"file_name": ".."}"#, #"{"labels": "l.txt"}"#,
    #"{"labels": {"y": 1}}"#, #"{"labels": {"y": "../l.txt"}}"#, #"{"version_policy": {}}"#,
    #"{"max_batch_size": 2, "dynamic_batching": {"preferred_batch_size": [4]}}"#, #"{"dynamic_batching": {"x": 1}}"#,
    #"{"keeps_state": 1}"#, #"{"version_policy": {"newest": 1}}"#,
  ])
  func refuses(_ text: String) {
    #expect(throws: ServingError.self) { try read(text) }
  }

  @Test func batchDecisions() {
    let policy = BatchPolicy(maximumSize: 8, preferredSizes: [4, 6], maximumDelay: 100, isDynamic: true)
    func decide(_ sizes: [Int], blocked: Bool = false, now: UInt64 = 1000) -> BatchPolicy.Decision {
      policy.decide(sizes, isBlocked: blocked, oldest: 1000, now: now)
    }
    #expect(decide([1]) == .wait(until: 1100))
    #expect(decide([1], now: 1100) == .run(1))
    #expect(decide([1], blocked: true) == .run(1))
    #expect(decide([1, 1, 1, 1]) == .wait(until: 1100))
    #expect(decide([1, 1, 1, 1, 1], now: 1100) == .run(4))
    #expect(decide([3, 3]) == .run(2))
    #expect(decide([4, 5]) == .run(1))
    #expect(decide([8]) == .run(1))
    #expect(BatchPolicy().decide([1, 1, 1], isBlocked: false, oldest: 0, now: 0) == .run(1))
    let immediate = BatchPolicy(maximumSize: 4, isDynamic: true)
    #expect(immediate.decide([1, 1, 1], isBlocked: false, oldest: 5, now: 5) == .run(3))
    #expect(immediate.decide([1, 1, 1, 1, 1], isBlocked: false, oldest: 5, now: 5) == .run(4))
  }
}
