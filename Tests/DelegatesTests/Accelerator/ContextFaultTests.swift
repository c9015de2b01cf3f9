import Foundation
import ModelTestSupport
import Synchronization
import TFLiteRuntime
import Testing

@testable import Delegates

/// Files of compiled partitions that are not what a run of this version left: answers are those without a cache, nothing crashes, and it is said.
@Suite struct ContextFaultTests {
  private let cacheFolder = CacheFolder()
  private var folder: String { cacheFolder.path }
  private let input: [Float] = [0.5, -2, 1.25, 100]
  private let model: Model
  /// The answer without a cache.
  private let expected: [Float]
  private let path: String

  init() throws {
    try cacheFolder.make()
    path = cacheFolder.path + "/model-0-0.context"
    model = try AcceleratorModels.load(AcceleratorModels.addition())
    expected = try run(model, input, [.accelerator()]).output
  }

  /// The answer with the folder, and what happened in it.
  private func answer(_ model: Model? = nil) throws -> (output: [Float], events: [AcceleratorLog.Event]) {
    let delegate = AcceleratorDelegate(AcceleratorOptions(cacheDirectory: folder, modelToken: "model"))
    return (try run(model ?? self.model, input, [delegate]).output, delegate.log.events)
  }

  private func made() throws -> [UInt8] {
    #expect(try answer().events == [.contextWritten(path: path)])
    return [UInt8](try Data(contentsOf: URL(filePath: path)))
  }

  private func put(_ bytes: [UInt8]) throws { try Data(bytes).write(to: URL(filePath: path)) }

  /// The file with this payload, all of whose checksums fit.
  private func forged(_ bytes: [UInt8], payload: [UInt8]) -> [UInt8] {
    var header = Array(bytes[..<112])
    header.append(littleEndian: UInt64(payload.count))
    header += SHA256.hash(payload)
    return header + SHA256.hash(header) + payload
  }

  @Test func everyChangeOfTheHeaderIsNoticedEvenWithItsChecksum() throws {
    let good = try made()
    // Magic, version, architecture, model, options, partition, length, checksum of the payload.
    for position in 0..<ContextBinary.headerBytes - 32 {
      var header = Array(good[..<(ContextBinary.headerBytes - 32)])
      header[position] ^= 0x04
      try put(header + SHA256.hash(header) + good[ContextBinary.headerBytes...])
      let (output, events) = try answer()
      #expect(output == expected, "byte \(position)")
      guard events.count == 2, case .contextRejected = events[0], case .contextWritten = events[1] else {
        Issue.record("byte \(position): \(events)")
        continue
      }
      #expect([UInt8](try Data(contentsOf: URL(filePath: path))) == good)
    }
  }

  @Test func everyRegionReplacedByNoise() throws {
    let good = try made()
    var generator = SystemRandomNumberGenerator()
    let edges = [0, 8, 12, 16, 48, 80, 112, 120, 152, ContextBinary.headerBytes, good.count]
    for (start, end) in zip(edges, edges.dropFirst()) {
      for fill: UInt8? in [0, 0xFF, nil] {
        var damaged = good
        for position in start..<end { damaged[position] = fill ?? UInt8.random(in: 0...255, using: &generator) }
        guard damaged != good else { continue }
        try put(damaged)
        let (output, events) = try answer()
        #expect(output == expected, "bytes \(start) to \(end)")
        if case .contextRejected? = events.first {} else { Issue.record("bytes \(start) to \(end): \(events)") }
      }
    }
  }

  @Test func payloadsThatAreNotThePartitionsAreNoticedWithAllChecksums() throws {
    let good = try made()
    let payload = Array(good[ContextBinary.headerBytes...])
    // Nodes (4), then for each its subgraph, index and number of constants; the first has one: position (4), count (8), four halves.
    var wrong: [[UInt8]] = [[], payload + [0], Array(payload.dropLast())]
    for count in payload.indices { wrong.append(Array(payload[..<count])) }
    for position in 0..<28 {
      for change: UInt8 in [0x01, 0x80, 0xFF] {
        var damaged = payload
        damaged[position] ^= change
        wrong.append(damaged)
      }
    }
    for bytes in wrong {
      try put(forged(good, payload: bytes))
      let (output, events) = try answer()
      #expect(output == expected)
      #expect(
        events.first == .contextRejected(path: path, reason: ContextBinary.Rejection.malformedPayload.description))
    }
  }

  /// With fitting checksums other weights cannot be told from the right ones; whatever they are, nothing but the answer changes.
  @Test func randomPayloadsNeverCrash() throws {
    let good = try made()
    let payload = Array(good[ContextBinary.headerBytes...])
    for _ in 0..<300 {
      var random = payload
      for _ in 0..<Int.random(in: 1...6) { random[Int.random(in: random.indices)] = UInt8.random(in: 0...255) }
      if Bool.random() { random.removeLast(Int.random(in: 0...random.count)) }
      try put(forged(good, payload: random))
      #expect(try answer().output.count == expected.count)
    }
  }

  @Test func hugeFilesAreNotReadWhole() throws {
    let good = try made()
    let file = open(path, O_RDWR)
    #expect(ftruncate(file, 1 << 42) == 0)
    close(file)
    let (output, events) = try answer()
    #expect(output == expected)
    #expect(
      events == [
        .contextRejected(path: path, reason: ContextBinary.Rejection.truncated.description),
        .contextWritten(path: path),
      ])
    #expect([UInt8](try Data(contentsOf: URL(filePath: path))) == good)
  }

  @Test func whatIsNoFileIsNotRead() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let (output, events) = try answer()
    #expect(output == expected)
    guard events.count == 1, case .contextNotWritten(_, let reason) = events[0] else {
      Issue.record("\(events)")
      return
    }
    #expect(reason.hasPrefix("rename:"))
    // No temporary file is left.
    #expect(cacheFolder.files.count == 1)
    try FileManager.default.removeItem(atPath: path)
    #expect(mkfifo(path, 0o600) == 0)
    #expect(try answer().output == expected)
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/dev/zero")
    #expect(try answer().output == expected)
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: path)
    #expect(try answer().output == expected)
  }

  @Test func aFolderThatIsAFileCostsOnlyTime() throws {
    try put([1, 2, 3])
    let delegate = AcceleratorDelegate(AcceleratorOptions(cacheDirectory: path, modelToken: "model"))
    #expect(try run(model, input, [delegate]).output == expected)
    guard case .contextNotWritten(_, let reason)? = delegate.log.events.last else {
      Issue.record("\(delegate.log.events)")
      return
    }
    #expect(reason.hasPrefix("open:"))
  }

  @Test func eventsAreToldAsTheyHappen() throws {
    let told = Told()
    let delegate = AcceleratorDelegate(
      AcceleratorOptions(cacheDirectory: folder, modelToken: "model"), log: AcceleratorLog { told.add($0) })
    _ = try run(model, input, [delegate])
    #expect(told.events == [.contextWritten(path: path)])
    #expect(told.events == delegate.log.events)
  }

  /// Somebody damages, shortens and removes the file all the time, while others read and write it.
  @Test func damageWhileOthersReadAndWrite() async throws {
    let good = try made()
    let (model, input, expected, folder, path) = (model, input, expected, folder, path)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        for round in 0..<400 {
          var damaged = good
          damaged[round * 7 % good.count] ^= 0x20
          switch round % 4 {
          case 0: try? Data(damaged).write(to: URL(filePath: path))
          case 1: try? Data(good.prefix(round % good.count)).write(to: URL(filePath: path))
          case 2: unlink(path)
          default: truncate(path, off_t(round % good.count))
          }
        }
      }
      for _ in 0..<4 {
        group.addTask {
          for _ in 0..<50 {
            let delegate = AcceleratorDelegate(AcceleratorOptions(cacheDirectory: folder, modelToken: "model"))
            let output = try run(model, input, [delegate]).output
            #expect(output == expected)
          }
        }
      }
      try await group.waitForAll()
    }
  }
}

private final class Told: Sendable {
  private let list = Mutex<[AcceleratorLog.Event]>([])
  var events: [AcceleratorLog.Event] { list.withLock { $0 } }
  func add(_ event: AcceleratorLog.Event) { list.withLock { $0.append(event) } }
}
