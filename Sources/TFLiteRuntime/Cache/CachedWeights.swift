internal import FlatBuffers
internal import Kernels
internal import Synchronization

/// The packed weights of one model in a ``WeightCache``: what its file holds, and what was packed since.
final class CachedWeights: PackedFormStore {
  private struct State {
    var file: WeightCacheFile
    /// Forms that were packed since and are not in the file.
    var added: [[UInt8]: SharedBytes] = [:]
    /// Whether forms of the file were damaged.
    var isDamaged = false
  }

  private let cache: WeightCache
  private let path: String
  private let key: [UInt8]
  private let content: SharedBytes
  private let state: Mutex<State>

  /// Opens the file for a model, and checks all of it.
  ///
  /// - Parameters:
  ///   - content: the model's bytes, which are all read: what the packed forms were made of is known by its content, not by a name.
  ///   - instructions: the instruction set of the kernels.
  ///   - pool: the threads for work on so many bytes.
  init(_ cache: WeightCache, content: SharedBytes, instructions: String, pool: (Int) -> ThreadPool?) {
    self.cache = cache
    self.content = content
    let pool = pool(content.count)
    let model = ContentHash.digests([content], pool: pool, releasesPages: true)[0]
    key = SHA256.hash("weights \(instructions) \(content.count) \(model.hexadecimal)")
    path = "\(cache.directory)/\(Array(key.prefix(16)).hexadecimal).weights"
    var contents = State(file: WeightCacheFile())
    do {
      let bytes = try SharedBytes(mappingFileAt: path)
      do throws(WeightCacheFile.Rejection) {
        var file = try WeightCacheFile(bytes, key: key)
        cache.add(.opened(path: path, forms: file.entries.count))
        let entries = Array(file.entries)
        let digests = ContentHash.digests(entries.map(\.value.bytes), pool: pool)
        for (entry, digest) in zip(entries, digests) where entry.value.digest != digest {
          file.remove(entry.key)
          contents.isDamaged = true
        }
        if contents.isDamaged { cache.add(.damaged(path: path)) }
        contents.file = file
      } catch {
        cache.add(.rejected(path: path, reason: error.description))
      }
    } catch {
      if error != .system(call: "open", code: Self.noSuchFile) { cache.add(.rejected(path: path, reason: "\(error)")) }
    }
    state = Mutex(contents)
  }

  /// `ENOENT`
  private static let noSuchFile: Int32 = 2

  /// What a form is found by.
  private func key(_ layout: String, _ constants: [Constant]) -> [UInt8] {
    var hash = SHA256()
    hash.update(layout)
    for constant in constants {
      // Constants of the file are known by their place, since its whole content is part of the file's key; those that were computed by their content.
      if let offset = content.offset(of: constant.bytes) {
        hash.update("\n\(constant.bytes.count) at \(offset)")
      } else {
        hash.update("\n\(ContentHash.digest(constant.bytes).hexadecimal)")
      }
    }
    return hash.finish()
  }

  func form(_ layout: String, of constants: [Constant], byteCount: Int) -> SharedBytes? {
    let key = key(layout, constants)
    return state.withLock { state in
      guard let entry = state.file.entries[key] else { return nil }
      if entry.bytes.count == byteCount { return entry.bytes }
      state.file.remove(key)
      state.isDamaged = true
      return nil
    }
  }

  func add(_ form: SharedBytes, layout: String, of constants: [Constant]) {
    let key = key(layout, constants)
    state.withLock { $0.added[key] = form }
  }

  /// Brings what was packed since to the disk, when packing has ended. What cannot be written is no error.
  ///
  /// - Parameter pool: the threads for work on so many bytes.
  func save(pool: (Int) -> ThreadPool?) {
    let added = state.withLock { state in
      defer { state.added = [:] }
      return Array(state.added)
    }
    guard !added.isEmpty else { return }
    let digests = ContentHash.digests(
      added.map(\.value), pool: pool(added.reduce(0) { $0 + $1.value.count }))
    let file = state.withLock { state in
      for (form, digest) in zip(added, digests) {
        state.file.add(WeightCacheFile.Entry(bytes: form.value, digest: digest), key: form.key)
      }
      return state.file
    }
    CacheFile.createDirectory(cache.directory)
    if let problem = file.write(to: path, key: key) {
      cache.add(.notWritten(path: path, reason: problem))
    } else {
      cache.add(.written(path: path, forms: file.entries.count, bytes: file.byteCount))
    }
  }
}

/// A model's packed weights in each cache that its interpreters use.
final class CachedWeightsOfModel: Sendable {
  private let opened = Mutex<[(cache: WeightCache, weights: CachedWeights)]>([])

  fileprivate func weights(_ cache: WeightCache, open: () -> CachedWeights) -> CachedWeights {
    opened.withLock { opened in
      if let known = opened.first(where: { $0.cache === cache }) { return known.weights }
      let weights = open()
      opened.append((cache, weights))
      return weights
    }
  }
}

extension Model {
  /// The model's packed weights in a cache, opened once for all its interpreters.
  func cachedWeights(_ cache: WeightCache, _ packing: ConstantPacking) -> CachedWeights {
    cachedWeights.weights(cache) {
      CachedWeights(
        cache, content: content, instructions: ConstantPacking.instructionSet,
        pool: { packing.threadPool(forBytes: $0) })
    }
  }
}

extension ExecutionContext {
  /// Packs the constants that kernels asked for, and keeps the packed forms for later processes.
  func endPacking() {
    packing.finish()
    (packing.store as? CachedWeights)?.save { packing.threadPool(forBytes: $0) }
  }
}
