internal import CZlib

/// Where the bytes of one array are in a file, and how they are stored there.
struct StoredEntry: Sendable {
  enum Method: Sendable {
    case stored
    case deflated
  }

  /// The name of the archive's entry; nil for an `.npy` file.
  var name: String?
  /// Where the stored bytes start.
  var offset: Int
  /// How many bytes are stored.
  var storedCount: Int
  /// How many bytes they are when decompressed.
  var count: Int
  var method: Method
  /// The CRC-32 of the decompressed bytes, where the file has one.
  var checksum: UInt32?
}

/// Reads the decompressed bytes of an entry from front to back.
@safe final class EntryReader {
  private let source: ByteSource
  private let entry: StoredEntry
  /// Decompressed bytes handed out so far.
  private var position = 0
  private var checksum: UInt32 = 0
  /// Stored bytes taken from the source so far.
  private var storedPosition = 0
  private var isAtStreamEnd = false

  /// zlib's state refers to the address of the stream, so it must stay where it is.
  private let stream: UnsafeMutablePointer<z_stream>
  private let input: UnsafeMutableRawBufferPointer
  private static let inputCapacity = 1 << 16

  init(_ entry: StoredEntry, in source: ByteSource, limits: TensorFileLimits) throws(TensorFileError) {
    self.source = source
    self.entry = entry
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    let isDeflated = entry.method == .deflated
    unsafe input = .allocate(byteCount: isDeflated ? Self.inputCapacity : 0, alignment: 16)
    if isDeflated {
      let (most, overflow) = max(entry.storedCount, 1).multipliedReportingOverflow(by: limits.maximumExpansion)
      guard overflow || entry.count <= most else {
        throw error(
          .limit,
          "its declared size of \(entry.count) bytes is more than \(limits.maximumExpansion) times "
            + "its \(entry.storedCount) compressed bytes")
      }
      // Negative window bits: a raw deflate stream, without a zlib header.
      guard unsafe inflateInit2_(stream, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
        throw error(.system(12), "there is no memory to decompress it")
      }
    } else if entry.storedCount != entry.count {
      throw error(.malformed, "it is stored, but \(entry.storedCount) bytes are declared to become \(entry.count)")
    }
  }

  deinit {
    _ = unsafe inflateEnd(stream)
    unsafe stream.deinitialize(count: 1)
    unsafe stream.deallocate()
    unsafe input.deallocate()
  }

  /// The bytes that have not been read.
  var remaining: Int { entry.count - position }

  /// Fills the buffer with the next bytes. Throws when the entry has fewer.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(TensorFileError) {
    guard buffer.count <= remaining else {
      throw error(.malformed, "it ends after \(entry.count) bytes, in the middle of its array")
    }
    switch entry.method {
    case .stored:
      try unsafe source.read(at: entry.offset + position, into: buffer)
    case .deflated:
      let produced = try unsafe inflate(into: buffer)
      guard produced == buffer.count else {
        throw error(.malformed, "its compressed data end after \(position + produced) of \(entry.count) bytes")
      }
    }
    position += buffer.count
    if entry.checksum != nil, buffer.count > 0 {
      checksum = unsafe UInt32(
        truncatingIfNeeded: crc32_z(
          UInt(checksum), buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), buffer.count))
    }
  }

  func bytes(_ count: Int) throws(TensorFileError) -> [UInt8] {
    var failure: TensorFileError?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { (buffer, initializedCount) in
      do throws(TensorFileError) {
        try unsafe read(into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]))
        initializedCount = count
      } catch {
        failure = error
      }
    }
    if let failure {
      throw failure
    }
    return bytes
  }

  /// Checks that everything was read, that the compressed data end there, and their checksum.
  func finish() throws(TensorFileError) {
    guard remaining == 0 else { throw error(.malformed, "it has \(remaining) bytes after its array") }
    if entry.method == .deflated {
      var surplus: UInt8 = 0
      let produced = try unsafe withUnsafeMutableBytes(of: &surplus) { (buffer) throws(TensorFileError) in
        try unsafe inflate(into: buffer)
      }
      guard produced == 0, isAtStreamEnd else {
        throw error(.malformed, "its compressed data do not end after the declared \(entry.count) bytes")
      }
      guard storedPosition == entry.storedCount, unsafe stream.pointee.avail_in == 0 else {
        throw error(.malformed, "it has bytes after its compressed data")
      }
    }
    if let expected = entry.checksum, expected != checksum {
      throw error(
        .checksum,
        "its CRC-32 is \(String(checksum, radix: 16)), not \(String(expected, radix: 16)) as the archive says")
    }
  }

  func error(_ reason: TensorFileError.Reason, _ message: String) -> TensorFileError {
    TensorFileError(file: source.name, entry: entry.name, reason: reason, message: message)
  }

  /// Decompresses until the buffer is full or the stream ends, and returns the bytes written.
  private func inflate(into buffer: UnsafeMutableRawBufferPointer) throws(TensorFileError) -> Int {
    var done = 0
    while done < buffer.count, !isAtStreamEnd {
      if unsafe stream.pointee.avail_in == 0, storedPosition < entry.storedCount {
        let count = min(Self.inputCapacity, entry.storedCount - storedPosition)
        try unsafe source.read(
          at: entry.offset + storedPosition, into: UnsafeMutableRawBufferPointer(rebasing: input[..<count]))
        storedPosition += count
        unsafe stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe stream.pointee.avail_in = UInt32(count)
      }
      let destination = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let capacity = min(destination.count, 1 << 30)
      unsafe stream.pointee.next_out = destination.baseAddress?.assumingMemoryBound(to: UInt8.self)
      unsafe stream.pointee.avail_out = UInt32(capacity)
      let status = unsafe CZlib.inflate(stream, Z_NO_FLUSH)
      let produced = unsafe capacity - Int(stream.pointee.avail_out)
      done += produced
      switch status {
      case Z_STREAM_END:
        isAtStreamEnd = true
      case Z_OK:
        break
      case Z_BUF_ERROR where storedPosition == entry.storedCount:
        return done
      case Z_MEM_ERROR:
        throw error(.system(12), "there is no memory to decompress it")
      default:
        let reason = unsafe stream.pointee.msg.map { unsafe String(cString: $0) } ?? "status \(status)"
        throw error(.malformed, "its compressed data are damaged (\(reason))")
      }
    }
    return done
  }
}
