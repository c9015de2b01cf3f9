internal import CZlib

/// Why bytes cannot be decompressed.
package enum DecompressionError: Error, Sendable, Equatable {
  case damaged(String)
  case outOfMemory
}

/// Decompresses data in the form of gzip or zlib, part by part.
@safe package final class Decompressor {
  /// zlib's state refers to the address of the stream, so it must stay where it is.
  private let stream: UnsafeMutablePointer<z_stream>
  private var input: [UInt8] = []
  private var position = 0
  /// Whether the end of the data has come.
  package private(set) var isAtEnd = false

  private static let outputCapacity = 1 << 16

  package init() throws(DecompressionError) {
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    // 32 more: both headers, gzip's and zlib's.
    guard unsafe inflateInit2_(stream, MAX_WBITS + 32, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw .outOfMemory
    }
  }

  deinit {
    _ = unsafe inflateEnd(stream)
    unsafe stream.deinitialize(count: 1)
    unsafe stream.deallocate()
  }

  /// Takes the next part, after ``next()`` has answered nil for the one before.
  package func append(_ part: [UInt8]) {
    input = part
    position = 0
  }

  /// At most 64 KiB of what the data become; nil when that needs another part, or all of it was handed out.
  package func next() throws(DecompressionError) -> [UInt8]? {
    while true {
      guard !isAtEnd else {
        guard position == input.count else { throw .damaged("there are bytes after their end") }
        return nil
      }
      var status = Z_OK
      let output = unsafe [UInt8](unsafeUninitializedCapacity: Self.outputCapacity) { output, count in
        unsafe input.withUnsafeMutableBufferPointer { input in
          let available = min(input.count - position, Int(UInt32.max))
          unsafe stream.pointee.next_in = input.baseAddress.map { unsafe $0 + position }
          unsafe stream.pointee.avail_in = UInt32(available)
          unsafe stream.pointee.next_out = output.baseAddress
          unsafe stream.pointee.avail_out = UInt32(Self.outputCapacity)
          status = unsafe inflate(stream, Z_NO_FLUSH)
          position += unsafe available - Int(stream.pointee.avail_in)
          count = unsafe Self.outputCapacity - Int(stream.pointee.avail_out)
        }
      }
      switch status {
      case Z_STREAM_END: isAtEnd = true
      case Z_OK: break
      // Nothing to take and nothing to give.
      case Z_BUF_ERROR: return nil
      case Z_MEM_ERROR: throw .outOfMemory
      default: throw unsafe .damaged(stream.pointee.msg.map { unsafe String(cString: $0) } ?? "status \(status)")
      }
      if !output.isEmpty { return output }
    }
  }
}
