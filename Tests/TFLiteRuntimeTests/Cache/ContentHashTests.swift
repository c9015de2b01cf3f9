import FlatBuffers
import Kernels
import Testing

@testable import TFLiteRuntime

@Suite struct ContentHashTests {
  private func hash(_ bytes: [UInt8]) throws -> [UInt8] {
    ContentHash.digest(try SharedBytes(copying: bytes.span.bytes))
  }

  @Test func everyBitAndTheLengthMatter() throws {
    for count in [0, 1, 63, 64, 65, 130] {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37) }
      var hashes: Set<[UInt8]> = [try hash(bytes), try hash(bytes + [0])]
      for position in bytes.indices {
        for bit in 0..<8 {
          var changed = bytes
          changed[position] ^= 1 << bit
          hashes.insert(try hash(changed))
        }
      }
      #expect(hashes.count == 2 + 8 * count)
      #expect(try hash(bytes) == hash(Array(bytes)))
    }
  }

  @Test func orderMatters() throws {
    let bytes = (0..<160).map { UInt8($0) }
    #expect(try hash(bytes) != hash(Array(bytes[64...]) + bytes[..<64]))
    #expect(try hash(bytes) != hash(Array(bytes.reversed())))
  }

  @Test func threadsChangeNothing() throws {
    let bytes = (0..<ContentHash.block * 2 + 100).map { UInt8(truncatingIfNeeded: $0 &* 37 ^ $0 >> 8) }
    let shared = try SharedBytes(copying: bytes.span.bytes)
    let hash = ContentHash.digest(shared)
    #expect(ContentHash.digests([shared], pool: ThreadPool(count: 3), releasesPages: true) == [hash])
    var changed = bytes
    changed[ContentHash.block] ^= 1
    #expect(try self.hash(changed) != hash)
  }
}
