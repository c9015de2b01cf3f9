import Testing

@testable import TFLiteRuntime

/// NIST's vectors (FIPS 180-4 examples, SHA Test Vectors), and pieces of any size.
@Suite struct SHA256Tests {
  static func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
    ),
  ])
  func published(text: String, expected: String) {
    #expect(Self.hexadecimal(SHA256.hash(text)) == expected)
  }

  @Test func aMillionLetters() {
    let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
    #expect(
      Self.hexadecimal(SHA256.hash(bytes)) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  /// Published for messages of one byte (0xbd) and of 55, 56, 57, 63, 64 and 65 zero bytes, the sizes around a block's end.
  @Test func sizesAroundABlock() {
    #expect(
      Self.hexadecimal(SHA256.hash([0xbd])) == "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b")
    let zeros: [(Int, String)] = [
      (55, "02779466cdec163811d078815c633f21901413081449002f24aa3e80f0b88ef7"),
      (56, "d4817aa5497628e7c77e6b606107042bbba3130888c5f47a375e6179be789fbb"),
      (57, "65a16cb7861335d5ace3c60718b5052e44660726da4cd13bb745381b235a1785"),
      (64, "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b"),
    ]
    for (count, expected) in zeros {
      #expect(Self.hexadecimal(SHA256.hash([UInt8](repeating: 0, count: count))) == expected)
    }
  }

  @Test func piecesGiveTheSame() {
    let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let whole = SHA256.hash(bytes)
    for size in [1, 3, 63, 64, 65, 127, 128, 299] {
      var hash = SHA256()
      var position = 0
      while position < bytes.count {
        let piece = Array(bytes[position..<min(position + size, bytes.count)])
        hash.update(piece.span.bytes)
        position += size
      }
      #expect(hash.finish() == whole, "pieces of \(size)")
    }
  }
}
