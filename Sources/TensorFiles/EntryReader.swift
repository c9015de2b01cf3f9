internal import CZlib
internal import Glibc
internal import SystemInterface

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
  /// nil for what is not compressed.
  private let stream: DeflateStream?
  private let input: UnsafeMutableRawBufferPointer
  /// Where the bytes of `input` are that have not been decompressed.
  private var unread = 0..<0
  private static let inputCapacity = 1 << 16

  init(_ entry: StoredEntry, in source: ByteSource, limits: TensorFileLimits) throws(TensorFileError) {
    self.source = source
    self.entry = entry
    let isDeflated = entry.method == .deflated
    unsafe input = .allocate(byteCount: isDeflated ? Self.inputCapacity : 0, alignment: 16)
    do throws(DecompressionError) {
      stream = isDeflated ? try DeflateStream(.raw) : nil
    } catch {
      stream = nil
      throw self.error(error)
    }
    guard isDeflated else {
      guard entry.storedCount == entry.count else {
        throw error(.malformed, "it is stored, but \(entry.storedCount) bytes are declared to become \(entry.count)")
      }
      return
    }
    let (most, overflow) = max(entry.storedCount, 1).multipliedReportingOverflow(by: limits.maximumExpansion)
    guard overflow || entry.count <= most else {
      throw error(
        .limit,
        "its declared size of \(entry.count) bytes is more than \(limits.maximumExpansion) times "
          + "its \(entry.storedCount) compressed bytes")
    }
  }

  deinit {
    unsafe input.deallocate()
  }

  /// The bytes that have not been read.
  var remaining: Int { entry.count - position }

  /// Fills the buffer with the next bytes. Throws when the entry has fewer.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(TensorFileError) {
    guard buffer.count <= remaining else {
      throw error(.malformed, "it ends after \(entry.count) bytes, in the middle of its array")
    }
    if let stream {
      let produced = try unsafe decompress(stream, into: buffer)
      guard produced == buffer.count else {
        throw error(.malformed, "its compressed data end after \(position + produced) of \(entry.count) bytes")
      }
    } else {
      try unsafe source.read(at: entry.offset + position, into: buffer)
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
    if let stream {
      var surplus: UInt8 = 0
      let produced = try unsafe withUnsafeMutableBytes(of: &surplus) { (buffer) throws(TensorFileError) in
        try unsafe decompress(stream, into: buffer)
      }
      guard produced == 0, stream.isAtEnd else {
        throw error(.malformed, "its compressed data do not end after the declared \(entry.count) bytes")
      }
      guard storedPosition == entry.storedCount, unread.isEmpty else {
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

  private func error(_ error: DecompressionError) -> TensorFileError {
    switch error {
    case .outOfMemory: self.error(.system(ENOMEM), "there is no memory to decompress it")
    case .damaged(let reason): self.error(.malformed, "its compressed data are damaged (\(reason))")
    }
  }

  /// Decompresses until the buffer is full or the stream ends, and returns the bytes written.
  private func decompress(
    _ stream: DeflateStream, into buffer: UnsafeMutableRawBufferPointer
  ) throws(TensorFileError) -> Int {
    var done = 0
    while done < buffer.count, !stream.isAtEnd {
      if unread.isEmpty, storedPosition < entry.storedCount {
        unread = 0..<min(Self.inputCapacity, entry.storedCount - storedPosition)
        try unsafe source.read(
          at: entry.offset + storedPosition, into: UnsafeMutableRawBufferPointer(rebasing: input[unread]))
        storedPosition += unread.count
      }
      let moved: (taken: Int, given: Int)
      do throws(DecompressionError) {
        moved = try unsafe stream.move(
          UnsafeRawBufferPointer(rebasing: input[unread]), to: UnsafeMutableRawBufferPointer(rebasing: buffer[done...]))
      } catch {
        throw self.error(error)
      }
      unread = (unread.lowerBound + moved.taken)..<unread.upperBound
      done += moved.given
      if moved == (0, 0) { break }
    }
    return done
  }
}
