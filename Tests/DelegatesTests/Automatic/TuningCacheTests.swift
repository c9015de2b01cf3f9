import Foundation
import Glibc
import Kernels
import ModelTestSupport
import TFLiteRuntime
import Testing

@testable import Delegates

/// Choices on disk: nothing that happens to a file changes an answer or is an error.
@Suite struct TuningCacheTests {
  private let cacheFolder = CacheFolder()
  private var folder: String { cacheFolder.path }
  private var files: [String] { cacheFolder.files }

  private func delegate(
    slow: Set<String> = [], time: Duration = .milliseconds(10), folder: String? = nil
  ) -> AutomaticDelegate {
    AutomaticDelegate(
      AutomaticOptions(tuningTime: time, cacheDirectory: folder ?? self.folder), candidate: AddingDelegate(slow: slow))
  }

  private func wasMeasured(_ delegate: AutomaticDelegate) -> Bool {
    delegate.log.events.contains { if case .measured = $0 { true } else { false } }
  }

  private func rejections(_ delegate: AutomaticDelegate) -> [String] {
    delegate.log.events.compactMap { if case .rejected(_, let reason) = $0 { reason } else { nil } }
  }

  private func key(
    _ model: Model, _ delegate: AutomaticDelegate, subgraph: Int = 0, threads: Int = 1,
    build: String = BuildIdentity.text
  ) -> [UInt8] {
    TuningKey.hash(
      model, DelegateSetting(signature: nil, subgraph: subgraph, threadPool: ThreadPool(count: threads)),
      delegate.options, candidate: "adding", build: build)
  }

  /// The right answer, whoever gives it.
  private func check(_ model: Model, _ delegate: AutomaticDelegate, _ comment: Comment? = nil) throws {
    #expect(try run(model, [1, 5], [delegate]).output == [3, 7], comment)
  }

  @Test func writtenOnceAndRecalledAfterwards() throws {
    let model = try MeasuredModels.chain(["Slow", "Slow"])
    let first = delegate()
    try check(model, first)
    let path = try #require(files.first)
    #expect(files.count == 1 && wasMeasured(first) && first.log.events.last == .written(path: path))
    let second = delegate()
    try check(model, second)
    #expect(second.log.events == [.recalled(path: path)])
  }

  @Test func theChoiceIsThatOfTheFile() throws {
    let model = try MeasuredModels.chain(["Quick", "Quick"])
    let delegate = delegate()
    let choices: [(TuningRecord.Choice, [String])] = [
      (.builtin, ["builtin", "builtin"]), (.delegate, ["adding", "adding"]),
      (.mixed(builtin: [Node.Origin(subgraph: 0, index: 0)]), ["builtin", "adding"]),
    ]
    try cacheFolder.make()
    for (choice, expected) in choices {
      let again = self.delegate()
      TuningCache(directory: folder, log: delegate.log).write(TuningRecord(choice: choice), key(model, again))
      for _ in 0..<2 {
        let (output, placement) = try run(model, [1, 5], [again])
        #expect(output == [3, 7] && placement.operators.map(\.delegate) == expected)
      }
      #expect(!wasMeasured(again))
    }
  }

  @Test func aDamagedFileIsMeasuredAnew() throws {
    let model = try MeasuredModels.chain(["Quick", "Quick"])
    try check(model, delegate())
    let path = try #require(files.first)
    let good = try Data(contentsOf: URL(filePath: path))
    for position in good.indices where position % 3 == 0 {
      var damaged = good
      damaged[position] ^= 0x10
      try damaged.write(to: URL(filePath: path))
      let next = delegate()
      try check(model, next, "byte \(position)")
      #expect(rejections(next).count >= 1 && wasMeasured(next), "byte \(position)")
      let after = delegate()
      try check(model, after)
      #expect(!wasMeasured(after), "byte \(position)")
    }
  }

  @Test func aTruncatedOrLongerFileIsMeasuredAnew() throws {
    let model = try MeasuredModels.chain(["Quick", "Quick"])
    try check(model, delegate())
    let path = try #require(files.first)
    let good = try Data(contentsOf: URL(filePath: path))
    for count in [0, 1, 7, 8, TuningCache.headerBytes, TuningCache.headerBytes + 32, good.count - 1] {
      try good.prefix(count).write(to: URL(filePath: path))
      let next = delegate()
      try check(model, next, "\(count) bytes")
      #expect(wasMeasured(next), "\(count) bytes")
    }
    try (good + [0]).write(to: URL(filePath: path))
    let next = delegate()
    try check(model, next)
    #expect(rejections(next).first == "shorter or longer than it says")
  }

  @Test func aStaleFileIsMeasuredAnew() throws {
    let model = try MeasuredModels.chain(["Quick", "Quick"])
    let first = delegate()
    try check(model, first)
    let good = try Data(contentsOf: URL(filePath: try #require(files.first)))
    // The file of one key under the name of another.
    let slower = delegate(time: .milliseconds(11))
    let path = TuningCache(directory: folder, log: slower.log).path(key(model, slower))
    try good.write(to: URL(filePath: path))
    try check(model, slower)
    #expect(rejections(slower).first == "made for another model, processor, version or other options")
    #expect(wasMeasured(slower))
    // A later format, with a checksum that is right.
    var later = [UInt8](good.dropLast(32))
    later[8] = 2
    try Data(later + SHA256.hash(later)).write(to: URL(filePath: try #require(files.first { $0 != path })))
    let next = delegate()
    try check(model, next)
    #expect(rejections(next).first == "format version 2")
  }

  /// Kernels change from build to build, and with them what is faster.
  @Test func whatAnotherBuildMeasuredIsMeasuredAnew() throws {
    let model = try MeasuredModels.chain(["Quick", "Quick"])
    let next = delegate()
    let cache = TuningCache(directory: folder, log: AutomaticLog())
    try cacheFolder.make()
    for build in ["", "another", BuildIdentity.text + "0"] {
      cache.write(TuningRecord(choice: .delegate), key(model, next, build: build))
    }
    try check(model, next)
    #expect(wasMeasured(next) && files.count == 4)
  }

  /// Two files, which differ in their size or their time, are two builds.
  @Test func buildsAreToldApart() throws {
    try cacheFolder.make()
    let path = folder + "/library.so"
    var seen: Set<String> = []
    for (size, seconds) in [(1, 5.0), (2, 5), (2, 6)] {
      try Data(count: size).write(to: URL(filePath: path))
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSince1970: seconds)], ofItemAtPath: path)
      seen.insert(try #require(BuildIdentity.file(path)))
    }
    #expect(seen.count == 3 && BuildIdentity.file(folder + "/none") == nil)
    let program = try #require(BuildIdentity.file(loadedAt: #dsohandle))
    #expect(BuildIdentity.text.contains(program))
    let library = try #require(dlsym(nil, "xnn_initialize").flatMap { BuildIdentity.file(loadedAt: $0) })
    #expect(library != program && BuildIdentity.text.contains(library))
    #expect(BuildIdentity.file(loadedAt: try #require(UnsafeRawPointer(bitPattern: 1))) == nil)
  }

  @Test func aRecordThatDoesNotFitTheModelIsMeasuredAnew() throws {
    let model = try MeasuredModels.chain(["Quick", "Quick"])
    try cacheFolder.make()
    let next = delegate()
    let outside = TuningRecord(choice: .mixed(builtin: [Node.Origin(subgraph: 0, index: 2)]))
    TuningCache(directory: folder, log: AutomaticLog()).write(outside, key(model, next))
    try check(model, next)
    #expect(rejections(next).first == "its record does not fit the model" && wasMeasured(next))
  }

  @Test func whateverIsInTheFilesPlace() throws {
    let model = try MeasuredModels.chain(["Quick", "Quick"])
    try cacheFolder.make()
    let path = TuningCache(directory: folder, log: AutomaticLog()).path(key(model, delegate()))
    #expect(mkfifo(path, 0o600) == 0)
    try check(model, delegate())
    try FileManager.default.removeItem(atPath: path)
    // A folder cannot be replaced.
    try FileManager.default.createDirectory(atPath: path + "/inside", withIntermediateDirectories: true)
    let next = delegate()
    try check(model, next)
    guard case .notWritten = next.log.events.last else {
      Issue.record("\(next.log.events)")
      return
    }
    try FileManager.default.removeItem(atPath: path)
    // Far too large, and sparse.
    let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
    #expect(ftruncate(descriptor, 1 << 40) == 0)
    close(descriptor)
    try check(model, delegate())
    let recalled = delegate()
    try check(model, recalled)
    #expect(!wasMeasured(recalled))
    // What a process left behind that ended while it wrote.
    try Data([1, 2, 3]).write(to: URL(filePath: path + ".0123.partial"))
    let undisturbed = delegate()
    try check(model, undisturbed)
    #expect(!wasMeasured(undisturbed))
  }

  @Test func aFolderThatCannotBeWrittenIsNoError() throws {
    let model = try MeasuredModels.chain(["Quick", "Quick"])
    let next = delegate(folder: "/proc/none/such")
    try check(model, next)
    #expect(wasMeasured(next))
  }

  @Test func aFolderThatSomebodyElseHoldsIsWaitedForInVainOnlySoLong() throws {
    let model = try MeasuredModels.chain(["Quick", "Quick"])
    try cacheFolder.make()
    let held = open(folder, O_RDONLY | O_DIRECTORY)
    #expect(flock(held, LOCK_EX) == 0)
    let next = delegate(time: .milliseconds(5))
    try check(model, next)
    #expect(wasMeasured(next))
    close(held)
  }

  @Test func severalAtOnceAgree() async throws {
    let model = try MeasuredModels.chain(["Quick", "Quick"])
    let delegates = (0..<6).map { _ in delegate() }
    let placements = try await withThrowingTaskGroup(of: [String].self) { group in
      for delegate in delegates {
        group.addTask {
          let (output, placement) = try run(model, [1, 5], [delegate])
          #expect(output == [3, 7])
          return placement.operators.map(\.delegate)
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(Set(placements).count == 1)
    #expect(delegates.count(where: wasMeasured) == 1)
    #expect(files.count == 1)
  }

  @Test func everythingThatMattersIsInTheKey() throws {
    let model = try MeasuredModels.chain(["Quick", "Quick"])
    let delegate = delegate()
    let setting = DelegateSetting(signature: nil, subgraph: 0, threadPool: ThreadPool(count: 1))
    func hash(_ options: AutomaticOptions, processor: String = "a", build: String = "1") -> [UInt8] {
      TuningKey.hash(model, setting, options, candidate: "adding", processor: processor, build: build)
    }
    var partitioned = delegate.options
    partitioned.partitioning.minimumNodes = 2
    var skipping = delegate.options
    skipping.partitioning.skippedOperators = ["ADD"]
    let keys = [
      key(model, delegate), key(model, delegate, threads: 2), key(model, delegate, subgraph: 1),
      key(try MeasuredModels.chain(["Quick", "Slow"]), delegate), key(model, self.delegate(time: .seconds(2))),
      hash(delegate.options), hash(delegate.options, processor: "b"), hash(delegate.options, build: "2"),
      hash(partitioned), hash(skipping),
    ]
    #expect(Set(keys).count == keys.count && keys.allSatisfy { $0.count == 32 })
    #expect(key(model, delegate) == key(model, self.delegate(folder: "/elsewhere")))
    #expect(TuningKey.processor == TuningKey.processor && TuningKey.processor.contains("processors "))
  }
}
