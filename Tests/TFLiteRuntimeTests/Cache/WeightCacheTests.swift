import FlatBuffers
import Foundation
import Kernels
import ModelTestSupport
import TensorTypes
import Testing

@testable import TFLiteRuntime

/// Packed weights on disk: nothing that happens to a file changes an answer or is an error.
@Suite struct WeightCacheTests {
  private let cacheFolder = CacheFolder()
  private var folder: String { cacheFolder.path }
  private var files: [String] { cacheFolder.files }

  private static let models = ["digits_float32", "digits_int8", "large"]

  /// A matrix product whose weights are packed by several threads, and whose file has more than one block to hash.
  private static func large(_ seed: Int = 1) -> ModelBuilder {
    var model = ModelBuilder()
    let product = model.code(9)
    let weights = model.buffer(floats: (0..<1100 * 300).map { Float(($0 &* 31 &+ seed) % 257 - 128) / 64 })
    let bias = model.buffer(floats: (0..<1100).map { Float($0 % 7) })
    var graph = ModelBuilder.Subgraph()
    let x = graph.tensor([1, 300], name: "x")
    let w = graph.tensor([1100, 300], buffer: weights, name: "w")
    let b = graph.tensor([1100], buffer: bias, name: "b")
    let y = graph.tensor([1, 1100], name: "y")
    graph.node(product, [x, w, b], [y], [3: .int8(8), 4: .table([0: .int8(0)])])
    graph.inputs = [x]
    graph.outputs = [y]
    model.subgraphs = [graph]
    return model
  }

  private static func load(_ name: String) throws -> Model {
    name == "large" ? try Model(bytes: large().bytes()) : try TestModels.load(name)
  }

  /// The answer of a model that was loaded anew, as a process would.
  private func answer(_ name: String, _ cache: WeightCache?, threads: Int = 1) throws -> [UInt8] {
    try Self.answer(try Self.load(name), cache, threads: threads, packingThreads: threads)
  }

  private func answer(_ model: Model, _ cache: WeightCache?) throws -> [UInt8] { try Self.answer(model, cache) }

  private static func answer(
    _ model: Model, _ cache: WeightCache?, threads: Int = 1, packingThreads: Int = 1
  ) throws -> [UInt8] {
    let interpreter = try Interpreter(
      model, options: .init(threads: threads, weightCache: cache, packingThreads: packingThreads))
    for (index, input) in interpreter.inputs.enumerated() {
      let count = input.type.byteCount ?? 0
      let bytes =
        input.type.element == .float32
        ? (0..<count / 4).flatMap { i in withUnsafeBytes(of: Float(i % 13) / 13) { Array($0) } }
        : (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
      try interpreter.setInput(index, #require(Tensor(type: input.type, bytes: bytes)))
    }
    try interpreter.invoke()
    return try interpreter.output(0).bytes
  }

  private func cache() -> WeightCache { WeightCache(directory: folder) }

  private func isUsed(_ cache: WeightCache) -> Bool {
    guard cache.events.count == 1, case .opened(_, let forms) = cache.events[0] else { return false }
    return forms > 0
  }

  private func isWritten(_ cache: WeightCache) -> Bool {
    cache.events.contains { if case .written = $0 { true } else { false } }
  }

  private func rejections(_ cache: WeightCache) -> [String] {
    cache.events.compactMap { if case .rejected(_, let reason) = $0 { reason } else { nil } }
  }

  @Test(arguments: models) func writtenOnceAndMappedAfterwards(_ name: String) throws {
    let expected = try answer(name, nil)
    let first = cache()
    #expect(try answer(name, first) == expected)
    #expect(files.count == 1)
    #expect(first.events.count == 1 && isWritten(first))
    let written = try Data(contentsOf: URL(filePath: files[0]))
    for threads in [1, 2] {
      let later = cache()
      #expect(try answer(name, later, threads: threads) == expected)
      #expect(isUsed(later))
    }
    #expect(try Data(contentsOf: URL(filePath: files[0])) == written)
  }

  @Test func packedFormsComeFromTheFile() throws {
    _ = try answer("large", cache())
    let cache = cache()
    let model = try Self.load("large")
    let expected = try answer(model, cache)
    let constants = model.subgraphs[0].tensors.compactMap(\.constant)
    #expect(constants.reduce(0) { $0 + $1.packedBytes } > 1100 * 300 * 4)
    // Further interpreters of the model use what it has.
    #expect(try answer(model, cache) == expected)
    #expect(isUsed(cache))
  }

  @Test(arguments: models) func everyDamageIsFound(_ name: String) throws {
    let expected = try answer(name, nil)
    _ = try answer(name, cache())
    let path = try #require(files.first)
    let good = [UInt8](try Data(contentsOf: URL(filePath: path)))
    let places =
      Array(stride(from: 0, to: WeightCacheFile.headerBytes, by: 5))
      + stride(from: 48, to: good.count, by: good.count / 11)
    for place in places {
      var bad = good
      bad[place] ^= 1 << (place % 8)
      try Data(bad).write(to: URL(filePath: path))
      #expect(try answer(name, cache()) == expected, "byte \(place)")
    }
    // The first form has content, so a flipped bit there is damage and the file is made anew.
    let offset: UInt64 = good.littleEndian(at: WeightCacheFile.headerBytes + 32)
    var bad = good
    bad[Int(offset)] ^= 1
    try Data(bad).write(to: URL(filePath: path))
    let repairing = cache()
    #expect(try answer(name, repairing) == expected)
    #expect(repairing.events.contains(.damaged(path: path)) && isWritten(repairing))
    #expect(try [UInt8](Data(contentsOf: URL(filePath: path))) == good)
  }

  @Test(arguments: models) func cutAndExtendedFilesAreRejected(_ name: String) throws {
    let expected = try answer(name, nil)
    _ = try answer(name, cache())
    let path = try #require(files.first)
    let good = [UInt8](try Data(contentsOf: URL(filePath: path)))
    for count in [0, 1, 7, 8, 47, 48, 79, 80, 200, good.count / 2, good.count - 64, good.count - 1] where count >= 0 {
      try Data(good[..<count]).write(to: URL(filePath: path))
      let cache = cache()
      #expect(try answer(name, cache) == expected, "\(count) bytes")
      #expect(rejections(cache).count == 1 && isWritten(cache), "\(count) bytes")
    }
    try Data(good + [0]).write(to: URL(filePath: path))
    let longer = cache()
    #expect(try answer(name, longer) == expected)
    #expect(rejections(longer) == ["shorter or longer than it says"])
  }

  /// A file with a changed index whose checksum is right.
  private func forged(_ file: [UInt8], _ change: (inout [UInt8]) -> Void) -> [UInt8] {
    let forms: UInt32 = file.littleEndian(at: 12)
    let end = WeightCacheFile.headerBytes + Int(forms) * WeightCacheFile.entryBytes
    var index = Array(file[..<end])
    change(&index)
    return index + SHA256.hash(index) + file[(end + 32)...]
  }

  @Test func filesOfOthersAreRejected() throws {
    let expected = try answer("large", nil)
    _ = try answer("large", cache())
    let path = try #require(files.first)
    let good = [UInt8](try Data(contentsOf: URL(filePath: path)))
    let place = WeightCacheFile.headerBytes
    let cases: [(reason: String, bytes: [UInt8])] = [
      ("format version 99", forged(good) { $0[8] = 99 }),
      ("made for another model or processor", forged(good) { $0[16] ^= 1 }),
      ("shorter or longer than it says", forged(good) { $0[place + 47] = 0x7F }),
      ("its index makes no sense", forged(good) { $0[place + 32] ^= 64 }),
      ("not a file of packed weights", Array("something else, and long enough for a header and more than that".utf8)),
    ]
    for (reason, bytes) in cases {
      try Data(bytes).write(to: URL(filePath: path))
      let cache = cache()
      #expect(try answer("large", cache) == expected)
      #expect(rejections(cache) == [reason])
      #expect(try [UInt8](Data(contentsOf: URL(filePath: path))) == good)
    }
    // A form of another size under the right key is not read.
    let count: UInt64 = good.littleEndian(at: place + 40)
    let shorter = forged(good) { index in
      index.replaceSubrange(place + 40..<place + 48, with: withUnsafeBytes(of: (count - 64).littleEndian) { Array($0) })
    }
    try Data(shorter.dropLast(64)).write(to: URL(filePath: path))
    let cache = cache()
    #expect(try answer("large", cache) == expected)
    #expect(cache.events.contains(.damaged(path: path)))
  }

  @Test func anotherModelHasAnotherFile() throws {
    let one = try Model(bytes: Self.large(1).bytes())
    let other = try Model(bytes: Self.large(2).bytes())
    let expected = try answer(other, nil)
    _ = try answer(one, cache())
    let cache = cache()
    #expect(try answer(try Model(bytes: Self.large(2).bytes()), cache) == expected)
    #expect(isWritten(cache))
    try #require(files.count == 2)
    // One file in the place of the other.
    let (first, second) = (files[0], files[1])
    try FileManager.default.removeItem(atPath: second)
    try FileManager.default.copyItem(atPath: first, toPath: second)
    for builder in [Self.large(1), Self.large(2)] {
      let expected = try answer(try Model(bytes: builder.bytes()), nil)
      #expect(try answer(try Model(bytes: builder.bytes()), self.cache()) == expected)
    }
  }

  @Test func aFolderThatCannotBeWrittenIsNoError() throws {
    let expected = try answer("large", nil)
    for directory in ["/dev/null/weights", "/proc/weights"] {
      let cache = WeightCache(directory: directory)
      #expect(try answer("large", cache) == expected)
      #expect(cache.events.contains { if case .notWritten = $0 { true } else { false } })
    }
    // A folder, or a pipe, where the file should be.
    _ = try answer("large", cache())
    let path = try #require(files.first)
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    #expect(try answer("large", cache()) == expected)
    try FileManager.default.removeItem(atPath: path)
    #expect(mkfifo(path, 0o600) == 0)
    #expect(try answer("large", cache()) == expected)
    let last = cache()
    _ = try answer("large", last)
    #expect(isUsed(last))
  }

  @Test func manyAtTheSameTime() async throws {
    let expected = try answer("digits_int8", nil)
    let cacheFolder = cacheFolder
    let answers = try await withThrowingTaskGroup(of: [[UInt8]].self) { group in
      for _ in 0..<8 {
        group.addTask {
          try (0..<3).map { round in
            // Somebody deletes the file now and then.
            if round == 1, let path = cacheFolder.files.first { unlink(path) }
            return try Self.answer(try Self.load("digits_int8"), WeightCache(directory: cacheFolder.path))
          }
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(answers.count == 24 && answers.allSatisfy { $0 == expected })
    _ = try answer("digits_int8", cache())
    #expect(files.count == 1)
    let last = cache()
    #expect(try answer("digits_int8", last) == expected)
    #expect(isUsed(last))
  }

  /// Each may find forms that the other is about to fill.
  @Test func interpretersOfOneModelAtTheSameTime() async throws {
    let folder = folder
    let expected = try answer("large", nil)
    for _ in 0..<5 {
      let model = try Self.load("large")
      let cache = WeightCache(directory: folder)
      let answers = try await withThrowingTaskGroup(of: [UInt8].self) { group in
        for _ in 0..<6 { group.addTask { try Self.answer(model, cache, packingThreads: 2) } }
        return try await group.reduce(into: [[UInt8]]()) { $0.append($1) }
      }
      #expect(answers.allSatisfy { $0 == expected })
      for path in files { unlink(path) }
    }
  }

  @Test func otherFormsOfTheModelAreAdded() throws {
    func answer(_ cache: WeightCache?, _ disabled: Set<GraphPass>) throws -> [UInt8] {
      let options = Interpreter.Options(compiler: GraphCompiler(disabled: disabled), weightCache: cache)
      let interpreter = try Interpreter(try Self.load("digits_float32"), options: options)
      try interpreter.invoke()
      return try interpreter.output(0).bytes
    }
    let passes: [Set<GraphPass>] = [[], Set(GraphPass.allCases)]
    let expected = try passes.map { try answer(nil, $0) }
    for disabled in passes { _ = try answer(cache(), disabled) }
    for (disabled, expected) in zip(passes, expected) {
      let cache = cache()
      #expect(try answer(cache, disabled) == expected)
      #expect(isUsed(cache))
    }
  }
}
