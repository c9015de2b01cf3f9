internal import Glibc
internal import TensorFiles

/// Takes records from a descriptor, never more of them than are asked for besides what one `read` brings.
struct RecordReader {
  enum Item: Equatable {
    case record([UInt8])
    /// What should have been a record; the next one follows.
    case bad(RecordError)
    /// The time to wait is over.
    case pending
    case end
  }

  private let descriptor: Int32
  private let format: RecordFormat
  private let maximumBytes: Int
  private var buffer: [UInt8] = []
  /// Where the next record begins in the buffer.
  private var start = 0
  /// Up to where there is no end of a line.
  private var scanned = 0
  private var isEnded = false
  /// Bytes that belong to no record: of a line up to its end, of a frame this many.
  private var skipsLine = false
  private var skipCount: UInt64 = 0

  private static let chunk = 1 << 16
  private static let prefix = 8

  init(_ descriptor: Int32, format: RecordFormat, maximumBytes: Int) {
    self.descriptor = descriptor
    self.format = format
    self.maximumBytes = maximumBytes
  }

  /// The next record.
  ///
  /// - Parameter patience: how many milliseconds to wait for its first bytes and again for each part of it; nil for as long as it takes.
  /// - Throws: ``TensorFileError`` when the descriptor cannot be read.
  mutating func next(patience: Int32?) throws(TensorFileError) -> Item {
    while true {
      if let item = format == .json ? line() : frame() { return item }
      if isEnded { return remainder() }
      guard try fill(patience) else { return .pending }
    }
  }

  private var available: Int { buffer.count - start }

  // MARK: Lines

  private mutating func line() -> Item? {
    while let end = buffer[scanned...].firstIndex(of: UInt8(ascii: "\n")) {
      let record = start..<end
      start = end + 1
      scanned = start
      if skipsLine {
        skipsLine = false
        return .bad(tooLong)
      }
      return record.count > maximumBytes ? .bad(tooLong) : .record(Array(buffer[record]))
    }
    scanned = buffer.count
    if skipsLine || available > maximumBytes {
      skipsLine = true
      start = buffer.count
    }
    return nil
  }

  // MARK: Frames

  private mutating func frame() -> Item? {
    if skipCount > 0 {
      let skipped = Int(min(skipCount, UInt64(available)))
      start += skipped
      skipCount -= UInt64(skipped)
      return skipCount == 0 ? .bad(tooLong) : nil
    }
    guard available >= Self.prefix else { return nil }
    let length = buffer[start..<start + Self.prefix].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(maximumBytes) else {
      start += Self.prefix
      skipCount = length
      return frame()
    }
    guard available - Self.prefix >= Int(length) else { return nil }
    let content = start + Self.prefix
    start = content + Int(length)
    return .record(Array(buffer[content..<start]))
  }

  // MARK: The end

  private mutating func remainder() -> Item {
    defer { start = buffer.count }
    switch format {
    case .json:
      if skipsLine {
        skipsLine = false
        return .bad(tooLong)
      }
      return available > 0 ? .record(Array(buffer[start...])) : .end
    case .npz:
      if skipCount > 0 {
        skipCount = 0
        return .bad(RecordError("the input ends inside a record of more than \(maximumBytes) bytes"))
      }
      guard available > 0 else { return .end }
      return .bad(RecordError("the input ends inside a record, after \(available) bytes of it and its length"))
    }
  }

  private var tooLong: RecordError { RecordError("the record has more than \(maximumBytes) bytes") }

  // MARK: Reading

  /// Reads what is there, or notices the end. False when nothing came in time.
  private mutating func fill(_ patience: Int32?) throws(TensorFileError) -> Bool {
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    while true {
      let ready = unsafe poll(&request, 1, patience ?? -1)
      if ready == 0 { return false }
      if ready < 0 {
        guard errno == EINTR else { throw failure }
        continue
      }
      break
    }
    if start > 0 {
      buffer.removeSubrange(..<start)
      scanned = max(scanned - start, 0)
      start = 0
    }
    let present = buffer.count
    buffer += [UInt8](repeating: 0, count: Self.chunk)
    while true {
      let result = unsafe buffer.withUnsafeMutableBytes { bytes in
        unsafe read(descriptor, bytes.baseAddress?.advanced(by: present), Self.chunk)
      }
      if result < 0, errno == EINTR { continue }
      if result < 0, errno == EAGAIN {
        buffer.removeSubrange(present...)
        return true
      }
      guard result >= 0 else { throw failure }
      buffer.removeSubrange((present + result)...)
      isEnded = result == 0
      return true
    }
  }

  private var failure: TensorFileError {
    TensorFileError(
      file: "input", reason: .system(errno), message: "cannot read: \(unsafe String(cString: strerror(errno)))")
  }
}
