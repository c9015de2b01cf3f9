internal import CZlib

/// Why bytes cannot be decompressed.
package enum DecompressionError: Error, Sendable, Equatable {
  case damaged(String)
  case outOfMemory
}

/// Decompresses data in the form of gzip or zlib, part by part.
package final class Decompressor {
  private let stream: DeflateStream
  private var input: [UInt8] = []
  private var position = 0

  private static let outputCapacity = 1 << 16

  package init() throws(DecompressionError) {
    stream = try DeflateStream(.gzipOrZlib)
  }

  /// Takes the next part, after ``next()`` has answered nil for the one before.
  package func append(_ part: [UInt8]) {
    input = part
    position = 0
  }

  /// Whether the end of the data has come.
  package var isAtEnd: Bool { stream.isAtEnd }

  /// At most 64 KiB of what the data become; nil when that needs another part, or all of it was handed out.
  package func next() throws(DecompressionError) -> [UInt8]? {
    var failure: DecompressionError?
    let output = unsafe [UInt8](unsafeUninitializedCapacity: Self.outputCapacity) { output, count in
      unsafe input.withUnsafeBytes { input in
        do throws(DecompressionError) {
          let moved = try unsafe stream.move(
            UnsafeRawBufferPointer(rebasing: input[position...]), to: UnsafeMutableRawBufferPointer(output))
          position += moved.taken
          count = moved.given
        } catch {
          failure = error
        }
      }
    }
    if let failure { throw failure }
    if !output.isEmpty { return output }
    guard !isAtEnd || position == input.count else { throw .damaged("there are bytes after their end") }
    return nil
  }
}
