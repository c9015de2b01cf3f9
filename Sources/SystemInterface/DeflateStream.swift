internal import CZlib

/// Compressed data that are decompressed from front to back (RFC 1950 to 1952).
@safe package final class DeflateStream {
  package enum Form: Sendable {
    /// Without a header, as in the entries of zip archives.
    case raw
    case gzipOrZlib

    fileprivate var windowBits: Int32 {
      switch self {
      case .raw: -MAX_WBITS
      case .gzipOrZlib: MAX_WBITS + 32
      }
    }
  }

  /// zlib's state refers to the address of the stream, so it must stay where it is.
  private let stream: UnsafeMutablePointer<z_stream>
  /// Whether the end of the data has come.
  package private(set) var isAtEnd = false

  package init(_ form: Form) throws(DecompressionError) {
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    let status = unsafe inflateInit2_(stream, form.windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else { throw .outOfMemory }
  }

  deinit {
    _ = unsafe inflateEnd(stream)
    unsafe stream.deinitialize(count: 1)
    unsafe stream.deallocate()
  }

  /// Decompresses until the output is full, the input is used up or the data end.
  ///
  /// - Returns: how many bytes of the input were taken and how many of the output were written.
  package func move(
    _ input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer
  ) throws(DecompressionError) -> (taken: Int, given: Int) {
    var (taken, given) = (0, 0)
    while given < output.count, !isAtEnd {
      // zlib counts with 32 bits.
      let available = min(input.count - taken, 1 << 30)
      let capacity = min(output.count - given, 1 << 30)
      unsafe stream.pointee.next_in = UnsafeMutablePointer(
        mutating: input.baseAddress.map { unsafe ($0 + taken).assumingMemoryBound(to: UInt8.self) })
      unsafe stream.pointee.avail_in = UInt32(available)
      unsafe stream.pointee.next_out = output.baseAddress.map {
        unsafe ($0 + given).assumingMemoryBound(to: UInt8.self)
      }
      unsafe stream.pointee.avail_out = UInt32(capacity)
      let status = unsafe inflate(stream, Z_NO_FLUSH)
      taken += unsafe available - Int(stream.pointee.avail_in)
      given += unsafe capacity - Int(stream.pointee.avail_out)
      switch status {
      case Z_STREAM_END: isAtEnd = true
      case Z_OK: break
      // Nothing to take, or nothing to give.
      case Z_BUF_ERROR: return (taken, given)
      case Z_MEM_ERROR: throw .outOfMemory
      default: throw unsafe .damaged(stream.pointee.msg.map { unsafe String(cString: $0) } ?? "status \(status)")
      }
    }
    return (taken, given)
  }
}
