import Foundation
import ModelTestSupport
import TFLiteRuntime
import Testing

@testable import Delegates

/// Compiled partitions on disk: nothing that happens to a file changes an answer.
@Suite struct ContextCacheTests {
  private let cacheFolder = CacheFolder()
  private var folder: String { cacheFolder.path }
  private var files: [String] { cacheFolder.files }
  private let input: [Float] = [0.5, -2, 1.25, 100]

  init() throws { try cacheFolder.make() }

  private func delegate(
    device: String = "SM8650", mode: AcceleratorOptions.PerformanceMode = .default, token: String = "model"
  ) throws -> AcceleratorDelegate {
    let profile = try #require(DeviceProfile.named(device))
    return AcceleratorDelegate(
      AcceleratorOptions(device: profile, performanceMode: mode, cacheDirectory: folder, modelToken: token))
  }

  /// The answer without a cache.
  private func expected(_ model: Model, device: String = "SM8650") throws -> [Float] {
    let profile = try #require(DeviceProfile.named(device))
    return try run(model, input, [.accelerator(AcceleratorOptions(device: profile))]).output
  }

  private func rejections(_ delegate: AcceleratorDelegate) -> [String] {
    delegate.log.events.compactMap { if case .contextRejected(_, let reason) = $0 { reason } else { nil } }
  }

  private func isLoaded(_ delegate: AcceleratorDelegate) -> Bool {
    delegate.log.events.contains { if case .contextLoaded = $0 { true } else { false } }
  }

  @Test func writtenOnceAndLoadedAfterwards() throws {
    let model = try AcceleratorModels.load(AcceleratorModels.addition())
    let first = try delegate()
    let answer = try run(model, input, [first]).output
    #expect(answer == (try expected(model)))
    #expect(files.count == 1 && files[0].hasSuffix("/model-0-0.context"))
    #expect(first.log.events == [.contextWritten(path: files[0])])
    let second = try delegate()
    #expect(try run(model, input, [second]).output == answer)
    #expect(second.log.events == [.contextLoaded(path: files[0])])
  }

  @Test func aDamagedFileIsMadeAnew() throws {
    let model = try AcceleratorModels.load(AcceleratorModels.addition())
    let answer = try run(model, input, [delegate()]).output
    let path = try #require(files.first)
    let good = try Data(contentsOf: URL(filePath: path))
    for position in good.indices {
      var damaged = good
      damaged[position] ^= 0x10
      try damaged.write(to: URL(filePath: path))
      let next = try delegate()
      #expect(try run(model, input, [next]).output == answer, "byte \(position)")
      #expect(rejections(next).count == 1 && !isLoaded(next), "byte \(position)")
      #expect(try Data(contentsOf: URL(filePath: path)) == good, "byte \(position)")
    }
  }

  @Test func aTruncatedFileIsMadeAnew() throws {
    let model = try AcceleratorModels.load(AcceleratorModels.addition())
    let answer = try run(model, input, [delegate()]).output
    let path = try #require(files.first)
    let good = try Data(contentsOf: URL(filePath: path))
    for count in good.indices {
      try good.prefix(count).write(to: URL(filePath: path))
      let next = try delegate()
      #expect(try run(model, input, [next]).output == answer && !isLoaded(next), "\(count) bytes")
      #expect(try Data(contentsOf: URL(filePath: path)) == good)
    }
  }

  @Test func aStaleFileIsMadeAnew() throws {
    let model = try AcceleratorModels.load(AcceleratorModels.addition())
    _ = try run(model, input, [delegate()])
    // Another model under the same name: same shapes, other constants.
    let other = try AcceleratorModels.load(AcceleratorModels.addition(constant: [5, 6, 7, 8]))
    let changed = try delegate()
    #expect(try run(other, input, [changed]).output == (try expected(other)))
    #expect(rejections(changed) == ["made from another model"])
    let burst = try delegate(mode: .burst)
    #expect(try run(other, input, [burst]).output == (try expected(other)))
    #expect(rejections(burst) == ["made with other options"])
    let newer = try delegate(device: "SM8750", mode: .burst)
    #expect(try run(other, input, [newer]).output == (try expected(other, device: "SM8750")))
    #expect(rejections(newer) == ["made for Hexagon v75"])
    // v68 computes in float32, so its constants are not rounded.
    let old = try delegate(device: "SM8350")
    #expect(try run(other, input, [old]).output == (try expected(other, device: "SM8350")))
    #expect(rejections(old) == ["made for Hexagon v79"])
  }

  @Test func resizedInputsAreAnotherPartition() throws {
    var builder = AcceleratorModels.addition()
    builder.subgraphs[0].tensors[0][7] = .int32s([-1, 4])
    let model = try AcceleratorModels.load(builder)
    _ = try run(model, input, [delegate()])
    let next = try delegate()
    let interpreter = try Interpreter(model, delegates: [next])
    try interpreter.resizeInput(0, to: [2, 4])
    try interpreter.setInput(0, #require(Tensor(input + input, shape: [2, 4])))
    try interpreter.invoke()
    #expect(try interpreter.output(0).floats() == (try expected(model)) + (try expected(model)))
    #expect(rejections(next) == ["made for other operators, shapes or constants"])
  }

  /// Threads stand in for processes: the cache shares nothing between delegates but the folder. Each model writes over the others' file.
  @Test func manyWritersAndReaders() async throws {
    let models = try (0..<3).map { index in
      try AcceleratorModels.load(AcceleratorModels.addition(constant: [Float](repeating: Float(index) + 0.1, count: 4)))
    }
    let expected = try models.map { try self.expected($0) }
    let delegates = try (0..<24).map { _ in try delegate() }
    let input = input
    let answers = try await withThrowingTaskGroup(of: (Int, [Float]).self) { group in
      for (index, delegate) in delegates.enumerated() {
        group.addTask { (index % 3, try run(models[index % 3], input, [delegate]).output) }
      }
      var answers: [(Int, [Float])] = []
      for try await answer in group { answers.append(answer) }
      return answers
    }
    #expect(answers.count == 24)
    for (model, answer) in answers { #expect(answer == expected[model]) }
    // Nothing is left behind but the one file.
    #expect(files.count == 1)
  }

  @Test func processesShareTheFolder() throws {
    // A writer that dies leaves a temporary file, which nobody reads.
    try Data("half a file".utf8).write(to: URL(filePath: folder + "/model-0-0.context.77.partial"))
    let model = try AcceleratorModels.load(AcceleratorModels.addition())
    let first = try delegate()
    #expect(try run(model, input, [first]).output == (try expected(model)))
    let second = try delegate()
    #expect(try run(model, input, [second]).output == (try expected(model)) && isLoaded(second))
  }

  @Test func aMissingFolderIsMade() throws {
    let model = try AcceleratorModels.load(AcceleratorModels.addition())
    let options = AcceleratorOptions(cacheDirectory: folder + "/new/inner", modelToken: "model")
    #expect(try run(model, input, [AcceleratorDelegate(options)]).output == (try expected(model)))
    let second = AcceleratorDelegate(options)
    #expect(try run(model, input, [second]).output == (try expected(model)) && isLoaded(second))
  }

  @Test func aFolderThatCannotBeWrittenCostsOnlyTime() throws {
    let model = try AcceleratorModels.load(AcceleratorModels.addition())
    let delegate = AcceleratorDelegate(
      AcceleratorOptions(cacheDirectory: "/proc/none/such", modelToken: "model"))
    #expect(try run(model, input, [delegate]).output == (try expected(model)))
    #expect(
      delegate.log.events.contains {
        if case .contextNotWritten(_, let reason) = $0 { !reason.isEmpty } else { false }
      })
  }

  @Test(arguments: ["", "../other", "a/b", ".hidden", String(repeating: "x", count: 101)])
  func tokensThatAreNoNamesAreRefused(token: String) throws {
    let model = try AcceleratorModels.load(AcceleratorModels.addition())
    #expect(throws: ModelError.self) { try run(model, input, [try delegate(token: token)]) }
  }
}
