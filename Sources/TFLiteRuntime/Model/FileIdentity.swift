internal import FlatBuffers

/// Tells a .tflite file from other files by its first bytes.
enum FileIdentity {
  /// Starts of other files that people pass by mistake.
  private static let others: [(start: [UInt8], what: String)] = [
    (Array("PK\u{3}\u{4}".utf8), "a ZIP archive; unpack it and pass the .tflite file inside"),
    (Array("version https://git-lfs".utf8), "a Git LFS pointer; fetch the real file with `git lfs pull`"),
    ([0x89] + Array("HDF".utf8), "an HDF5 file (Keras weights); convert it to .tflite first"),
    ([0x1f, 0x8b], "compressed with gzip; unpack it first"),
    (Array("<".utf8), "a web page or XML"),
  ]

  static func check(_ bytes: SharedBytes) throws(ModelError) {
    guard bytes.count >= 8 else {
      throw ModelError(.malformed, "not a .tflite model: it has \(bytes.count) bytes, fewer than any model")
    }
    let identifier = start(of: bytes, 4..<8)
    guard identifier != Array(Schema.fileIdentifier.utf8) else { return }
    for (start, what) in others where start == self.start(of: bytes, 0..<start.count) {
      throw ModelError(.malformed, "not a .tflite model: this is \(what)")
    }
    let text = identifier.map { byte in
      byte > 0x20 && byte < 0x7f ? String(Unicode.Scalar(byte)) : "\\x" + hexadecimal(byte)
    }
    throw ModelError(
      .malformed,
      "not a .tflite model: the file identifier (bytes 4 to 7) is '\(text.joined())', not '\(Schema.fileIdentifier)'")
  }

  private static func start(of bytes: SharedBytes, _ range: Range<Int>) -> [UInt8] {
    let span = bytes.span
    return range.clamped(to: 0..<bytes.count).map { unsafe span.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
  }

  private static func hexadecimal(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16)
    return digits.count == 1 ? "0" + digits : digits
  }
}
