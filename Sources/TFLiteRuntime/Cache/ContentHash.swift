internal import CKernels
package import FlatBuffers
internal import Kernels

/// A hash of many bytes that is quick, where nobody gains by two contents of one hash: SHA-256 would take longer than loading a large model.
package enum ContentHash {
  /// Bytes that are hashed together; several such blocks may be hashed at the same time.
  static let block = 1 << 20

  /// 32 bytes that depend on all of the bytes and on their number. The same on every machine.
  package static func digest(_ bytes: SharedBytes) -> [UInt8] { digests([bytes])[0] }

  /// The digest of each of some bytes.
  ///
  /// - Parameters:
  ///   - pool: threads to divide the work over; nil for the calling one.
  ///   - releasesPages: whether the pages of a mapped file need not stay in memory afterwards.
  static func digests(_ all: [SharedBytes], pool: ThreadPool? = nil, releasesPages: Bool = false) -> [[UInt8]] {
    var blocks: [(bytes: SharedBytes, releases: Bool)] = []
    var first: [Int] = []
    for bytes in all {
      first.append(blocks.count)
      for offset in stride(from: 0, to: bytes.count, by: block) {
        guard let part = bytes.slice(offset: offset, count: min(block, bytes.count - offset)) else { continue }
        blocks.append((part, releasesPages))
      }
    }
    first.append(blocks.count)
    let work = blocks
    let hashes = Hashes(count: work.count)
    @Sendable func hash(_ index: Int) {
      let (bytes, releases) = work[index]
      unsafe tflk_content_hash(bytes.baseAddress, bytes.count, hashes.words + 8 * index)
      if releases { bytes.releasePages() }
    }
    if let pool, work.count > 1 {
      pool.parallelize(work.count, hash)
    } else {
      for index in work.indices { hash(index) }
    }
    return all.indices.map { index in
      var digest = SHA256()
      digest.update("\(all[index].count)\n")
      unsafe digest.update(
        RawSpan(
          _unsafeStart: UnsafeRawPointer(hashes.words + 8 * first[index]),
          byteCount: 64 * (first[index + 1] - first[index])))
      return digest.finish()
    }
  }

  /// Eight words for each block.
  @safe private final class Hashes: @unchecked Sendable {
    let words: UnsafeMutablePointer<UInt64>

    init(count: Int) {
      unsafe words = .allocate(capacity: 8 * count)
      unsafe words.initialize(repeating: 0, count: 8 * count)
    }

    deinit { unsafe words.deallocate() }
  }
}
