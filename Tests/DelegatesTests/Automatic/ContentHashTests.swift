import Testing

@testable import Delegates

@Suite struct ContentHashTests {
  private func hash(_ bytes: [UInt8]) -> String { ContentHash.text(bytes.span.bytes) }

  @Test func everyBitAndTheLengthMatter() {
    for count in [0, 1, 31, 32, 33, 67] {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37) }
      var hashes: Set<String> = [hash(bytes), hash(bytes + [0])]
      for position in bytes.indices {
        for bit in 0..<8 {
          var changed = bytes
          changed[position] ^= 1 << bit
          hashes.insert(hash(changed))
        }
      }
      #expect(hashes.count == 2 + 8 * count)
      #expect(hash(bytes) == hash(Array(bytes)))
    }
  }

  @Test func orderMatters() {
    let bytes = (0..<96).map { UInt8($0) }
    #expect(hash(bytes) != hash(Array(bytes[32...]) + bytes[..<32]))
    #expect(hash(bytes) != hash(Array(bytes.reversed())))
  }
}
