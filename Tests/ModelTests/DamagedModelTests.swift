import FlatBuffers
import Glibc
import Kernels
import ModelTestSupport
import TFLiteRuntime
import TensorTypes
import Testing

/// Whatever the bytes are, loading ends: with a model whose parts can all be read, or with an error.
@Suite struct DamagedModelTests {
  static let models = [ModelBuilder.addRelu(), .constants(), .control()].map { $0.bytes() }

  @Test(arguments: models.indices)
  func everyByteFlipped(_ index: Int) {
    var bytes = Self.models[index]
    for position in bytes.indices {
      for mask: UInt8 in [0x01, 0x10, 0x80, 0xff] {
        bytes[position] ^= mask
        load(bytes)
        bytes[position] ^= mask
      }
    }
  }

  @Test(arguments: models.indices)
  func everyWordReplaced(_ index: Int) {
    let bytes = Self.models[index]
    for position in stride(from: 0, through: bytes.count - 4, by: 4) {
      for word in [0, 1, 4, 0xffff, 0x7fff_fffe, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff] as [UInt32] {
        var changed = bytes
        withUnsafeBytes(of: word) { changed.replaceSubrange(position..<position + 4, with: $0) }
        load(changed)
      }
    }
  }

  @Test(arguments: models.indices)
  func everyLength(_ index: Int) {
    let bytes = Self.models[index]
    for count in 0..<bytes.count { load(Array(bytes.prefix(count))) }
  }

  /// A file of offsets that all lead to the same table, at two levels: 10,000 subgraphs of 10,000 tensors.
  @Test func sharedTablesDoNotMultiply() throws {
    let count = 10_000
    var builder = ModelBuilder()
    var graph = ModelBuilder.Subgraph()
    graph.tensors = [[Int: Stored]](repeating: [:], count: count)
    builder.subgraphs = [ModelBuilder.Subgraph](repeating: ModelBuilder.Subgraph(), count: count)
    builder.subgraphs[0] = graph
    var bytes = builder.bytes()
    // Point every subgraph's offset at the first subgraph.
    let root = Int(word(bytes, 0))
    let vtable = root - Int(Int32(bitPattern: word(bytes, root)))
    let field = root + Int(bytes[vtable + 8]) + 256 * Int(bytes[vtable + 9])
    let vector = field + Int(word(bytes, field))
    #expect(Int(word(bytes, vector)) == count)
    let first = vector + 4 + Int(word(bytes, vector + 4))
    for index in 0..<count {
      let entry = vector + 4 + 4 * index
      withUnsafeBytes(of: UInt32(first - entry)) { bytes.replaceSubrange(entry..<entry + 4, with: $0) }
    }
    let error = try #require(throws: ModelError.self) { try Model(bytes: bytes) }
    #expect(error.kind == .malformed)
    #expect(error.message.contains("too many references"))
  }

  /// Random damage to the models of the corpora, for as many seconds as TFLITE_FUZZ_SECONDS says.
  @Test(.enabled(if: Corpus.isPresent && getenv("TFLITE_FUZZ_SECONDS") != nil))
  func randomDamage() throws {
    let seconds = try #require(getenv("TFLITE_FUZZ_SECONDS").flatMap { Double(String(cString: $0)) })
    let folder = try #require(Corpus.folder)
    let bad = Corpus.names(in: folder + "/bad").filter { $0.hasSuffix(".tflite") }.map { "\(folder)/bad/\($0)" }
    let small = (Corpus.validModels() + bad).filter { path in
      var status = stat()
      return stat(path, &status) == 0 && status.st_size < 300_000
    }
    let seed = getenv("TFLITE_FUZZ_SEED").flatMap { UInt64(String(cString: $0)) } ?? 1
    var random = Generator(state: seed)
    let clock = ContinuousClock()
    let end = clock.now + .seconds(seconds)
    var loaded = 0
    var refused = 0
    var slowest = Duration.zero
    var sources: [[UInt8]] = []
    while clock.now < end {
      if sources.count < 400 { sources.append(Corpus.read(small[Int(random.next() % UInt64(small.count))])) }
      var bytes = sources[Int(random.next() % UInt64(sources.count))]
      damage(&bytes, &random, others: sources)
      let start = clock.now
      if load(bytes) { loaded += 1 } else { refused += 1 }
      let time = clock.now - start
      if time > slowest { slowest = time }
      if time > .milliseconds(500) { Issue.record("\(bytes.count) bytes took \(time)") }
    }
    print("seed \(seed): \(loaded) loaded, \(refused) refused, slowest \(slowest)")
  }

  private func damage(_ bytes: inout [UInt8], _ random: inout Generator, others: [[UInt8]]) {
    guard bytes.count > 16 else { return }
    for _ in 0...(random.next() % 4) {
      let position = Int(random.next() % UInt64(bytes.count))
      let aligned = min(position & ~3, bytes.count - 4)
      switch random.next() % 8 {
      case 0: bytes[position] ^= 1 << UInt8(random.next() % 8)
      case 1: bytes[position] = UInt8(truncatingIfNeeded: random.next())
      case 2:
        let words: [UInt32] = [0, 1, 2, 0xffff_ffff, 0x7fff_ffff, 0x8000_0000, 0x10000, UInt32(bytes.count)]
        put(words[Int(random.next() % 8)], at: aligned, in: &bytes)
      case 3: put(word(bytes, aligned) &+ UInt32(random.next() % 9) &- 4, at: aligned, in: &bytes)
      case 4:
        let other = Int(random.next() % UInt64(bytes.count)) & ~3
        put(word(bytes, min(other, bytes.count - 4)), at: aligned, in: &bytes)
      case 5:
        let count = min(Int(random.next() % 64), bytes.count - position)
        let source = others[Int(random.next() % UInt64(others.count))]
        guard source.count > count else { continue }
        let start = Int(random.next() % UInt64(source.count - count))
        bytes.replaceSubrange(position..<position + count, with: source[start..<start + count])
      case 6: put(UInt32(random.next() % UInt64(bytes.count)), at: aligned, in: &bytes)
      default:
        if random.next() % 8 == 0, position > 32 { bytes.removeLast(bytes.count - position) }
        if bytes.count <= 16 { return }
      }
    }
  }

  private func word(_ bytes: [UInt8], _ position: Int) -> UInt32 {
    bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: position, as: UInt32.self) }
  }

  private func put(_ word: UInt32, at position: Int, in bytes: inout [UInt8]) {
    withUnsafeBytes(of: word) { bytes.replaceSubrange(position..<position + 4, with: $0) }
  }

  /// Loads, and reads everything there is. Whether it loaded.
  @discardableResult
  private func load(_ bytes: [UInt8]) -> Bool {
    do {
      let model = try Model(bytes: bytes)
      #expect(readsCompletely(model))
      return true
    } catch {
      #expect(!error.message.isEmpty)
      return false
    }
  }

  /// Touches every part and checks what ``Graph`` promises.
  private func readsCompletely(_ model: Model) -> Bool {
    var sum: UInt8 = 0
    for graph in model.subgraphs {
      let indices = graph.tensors.indices
      for tensor in graph.tensors {
        guard let constant = tensor.constant else { continue }
        sum &+= read(constant.bytes)
        if tensor.sparsity == nil, let size = tensor.type.byteCount, size != constant.bytes.count { return false }
      }
      for node in graph.nodes {
        for case let input? in node.inputs where !indices.contains(input.index) { return false }
        for output in node.outputs + node.intermediates where !indices.contains(output.index) { return false }
        if let custom = node.options.custom { sum &+= read(custom) }
      }
    }
    for metadata in model.metadata {
      sum &+= read(metadata.bytes)
    }
    return sum >= 0
  }

  private func read(_ stored: SharedBytes) -> UInt8 {
    var sum: UInt8 = 0
    for byte in UnsafeRawBufferPointer(start: stored.baseAddress, count: stored.count) { sum &+= byte }
    return sum
  }

  private struct Generator {
    var state: UInt64

    /// Source: SplitMix64.
    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      return z ^ (z >> 31)
    }
  }
}
