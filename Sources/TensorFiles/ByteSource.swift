internal import Glibc

/// Bytes that can be read at any offset: an open regular file, or memory.
///
/// A file is not read before it is asked for, and a file that shrinks while it is open gives an error. All methods may be
/// called from any thread.
final class ByteSource: Sendable {
  private enum Storage {
    case memory([UInt8])
    case file(descriptor: Int32)
  }

  /// What errors call the source.
  let name: String
  let count: Int
  private let storage: Storage

  init(bytes: [UInt8], name: String) {
    self.name = name
    self.count = bytes.count
    self.storage = .memory(bytes)
  }

  /// Opens a file. Something without a size, such as a pipe, is read to its end, up to `maximumStreamBytes`.
  init(path: String, limits: TensorFileLimits) throws(TensorFileError) {
    guard !path.utf8.contains(0) else {
      throw TensorFileError(file: path, reason: .invalidArgument, message: "a path cannot contain a zero byte")
    }
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw systemError(path, "cannot open") }
    var status = Glibc.stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      let error = systemError(path, "cannot open")
      close(descriptor)
      throw error
    }
    name = path
    if status.st_mode & S_IFMT == S_IFREG {
      count = Int(status.st_size)
      storage = .file(descriptor: descriptor)
    } else {
      defer { close(descriptor) }
      let bytes = try readToEnd(descriptor, path: path, limit: limits.maximumStreamBytes)
      count = bytes.count
      storage = .memory(bytes)
    }
  }

  deinit {
    if case .file(let descriptor) = storage {
      close(descriptor)
    }
  }

  /// Fills the buffer from the offset. Throws when the source ends before it is full.
  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(TensorFileError) {
    let (end, overflow) = offset.addingReportingOverflow(buffer.count)
    guard offset >= 0, !overflow, end <= count else {
      throw TensorFileError(
        file: name, reason: .malformed,
        message: "it ends after \(count) bytes, before the \(buffer.count) expected at offset \(offset)")
    }
    switch storage {
    case .memory(let bytes):
      unsafe buffer.copyBytes(from: bytes[offset..<end])
    case .file(let descriptor):
      var done = 0
      while done < buffer.count {
        let destination = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
        let result = unsafe pread(descriptor, destination.baseAddress, destination.count, offset + done)
        if result < 0 {
          if errno == EINTR { continue }
          throw systemError(name, "cannot read")
        }
        guard result > 0 else {
          throw TensorFileError(file: name, reason: .malformed, message: "it became shorter while it was read")
        }
        done += result
      }
    }
  }

  /// The bytes of a range, which the caller has compared with a limit.
  func bytes(at offset: Int, count: Int) throws(TensorFileError) -> [UInt8] {
    var failure: TensorFileError?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { (buffer, initializedCount) in
      do throws(TensorFileError) {
        try unsafe read(
          at: offset, into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]))
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
}

/// Reads a whole file. Throws `limit` when it has more than `limit` bytes.
package func readFile(_ path: String, limit: Int = 4 << 30) throws(TensorFileError) -> [UInt8] {
  var limits = TensorFileLimits()
  limits.maximumStreamBytes = limit
  let source = try ByteSource(path: path, limits: limits)
  guard source.count <= limit else { throw tooLong(path, limit: limit) }
  return try source.bytes(at: 0, count: source.count)
}

private func readToEnd(_ descriptor: Int32, path: String, limit: Int) throws(TensorFileError) -> [UInt8] {
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let result = unsafe chunk.withUnsafeMutableBytes { (buffer) in
      unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
    }
    if result < 0 {
      if errno == EINTR { continue }
      throw systemError(path, "cannot read")
    }
    if result == 0 {
      return bytes
    }
    guard bytes.count + result <= limit else { throw tooLong(path, limit: limit) }
    bytes += chunk[..<result]
  }
}

private func tooLong(_ path: String, limit: Int) -> TensorFileError {
  TensorFileError(file: path, reason: .limit, message: "it is longer than the limit of \(limit) bytes")
}

/// The error of the system call that has just failed.
func systemError(_ path: String, _ what: String) -> TensorFileError {
  systemError(path, what, number: errno)
}

func systemError(_ path: String, _ what: String, number: Int32) -> TensorFileError {
  var text = [CChar](repeating: 0, count: 256)
  let message = unsafe text.withUnsafeMutableBufferPointer { (buffer) -> String in
    guard let base = buffer.baseAddress, unsafe strerror_r(number, base, buffer.count) == 0 else {
      return "error \(number)"
    }
    return unsafe String(cString: base)
  }
  return TensorFileError(file: path, reason: .system(number), message: "\(what): \(message)")
}
