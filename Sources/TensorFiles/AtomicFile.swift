internal import Glibc

/// A file that appears under its name complete or not at all.
///
/// Bytes go to a temporary file in the same folder; ``commit()`` brings them to the disk and renames it, and an existing
/// file keeps its permissions. A value that goes away without a commit, after an error for example, removes the temporary
/// file. A symbolic link is followed. What is not a regular file, such as a pipe or `/dev/stdout`, is written directly;
/// a closed pipe gives an error, not a signal. Only a killed process leaves its temporary file (`.partial-…`) behind.
package struct AtomicFile: ~Copyable {
  /// The path as the caller gave it.
  package let path: String
  /// The path with symbolic links resolved.
  private let destination: String
  /// Nil when the destination is written directly.
  private let temporary: String?
  private var descriptor: Int32
  private var buffer: [UInt8] = []
  private static let bufferCapacity = 1 << 16

  /// Opens the temporary file. Throws ``TensorFileError`` when the folder is missing or cannot be written.
  package init(path: String) throws(TensorFileError) {
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw TensorFileError(file: path, reason: .invalidArgument, message: "this is not a path")
    }
    let destination = resolved(path)
    var status = stat()
    let exists = unsafe stat(destination, &status) == 0
    let temporary: String?
    let descriptor: Int32
    if exists, status.st_mode & S_IFMT == S_IFDIR {
      throw systemError(path, "cannot write", number: EISDIR)
    } else if exists, status.st_mode & S_IFMT != S_IFREG {
      temporary = nil
      descriptor = unsafe open(destination, O_WRONLY | O_CLOEXEC)
    } else {
      let folder = destination.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(destination[...$0]) } ?? ""
      let name = folder + ".partial-" + String(UInt64.random(in: 0...(.max)), radix: 16)
      temporary = name
      descriptor = unsafe open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor >= 0, exists {
        _ = fchmod(descriptor, status.st_mode & 0o777)
      }
    }
    guard descriptor >= 0 else { throw systemError(path, "cannot write") }
    self.path = path
    self.destination = destination
    self.temporary = temporary
    self.descriptor = descriptor
  }

  deinit {
    if descriptor >= 0 {
      close(descriptor)
      if let temporary {
        unsafe unlink(temporary)
      }
    }
  }

  /// Appends bytes.
  package mutating func write(_ bytes: [UInt8]) throws(TensorFileError) {
    if buffer.count + bytes.count > Self.bufferCapacity {
      try flush()
    }
    if bytes.count > Self.bufferCapacity {
      try writeThrough(bytes)
    } else {
      buffer += bytes
    }
  }

  /// Appends text as UTF-8.
  package mutating func write(_ text: String) throws(TensorFileError) {
    try write(Array(text.utf8))
  }

  /// Brings everything to the disk and gives the file its name. Nothing can be written afterwards.
  package mutating func commit() throws(TensorFileError) {
    try flush()
    guard let temporary else {
      let closed = close(descriptor)
      descriptor = -1
      guard closed == 0 else { throw systemError(path, "cannot write") }
      return
    }
    guard fsync(descriptor) == 0 else { throw systemError(path, "cannot write") }
    guard unsafe rename(temporary, destination) == 0 else { throw systemError(path, "cannot write") }
    close(descriptor)
    descriptor = -1
    synchronizeFolder(of: destination)
  }

  /// Writes a whole file.
  package static func write(_ bytes: [UInt8], to path: String) throws(TensorFileError) {
    var file = try AtomicFile(path: path)
    try file.write(bytes)
    try file.commit()
  }

  /// Writes a whole file of UTF-8 text.
  package static func write(_ text: String, to path: String) throws(TensorFileError) {
    try write(Array(text.utf8), to: path)
  }

  private mutating func flush() throws(TensorFileError) {
    guard !buffer.isEmpty else { return }
    try writeThrough(buffer)
    buffer.removeAll(keepingCapacity: true)
  }

  private func writeThrough(_ bytes: [UInt8]) throws(TensorFileError) {
    guard descriptor >= 0 else { throw systemError(path, "cannot write after commit", number: EBADF) }
    let number = unsafe bytes.withUnsafeBytes { (buffer) in unsafe writeAll(descriptor, buffer) }
    guard number == 0 else { throw systemError(path, "cannot write", number: number) }
  }
}

/// Writes all bytes and returns 0 or the error number. A closed pipe gives `EPIPE` and no signal.
private func writeAll(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int32 {
  var pipeSignal = sigset_t()
  var previous = sigset_t()
  unsafe sigemptyset(&pipeSignal)
  unsafe sigaddset(&pipeSignal, SIGPIPE)
  var pending = sigset_t()
  unsafe sigpending(&pending)
  let wasPending = unsafe sigismember(&pending, SIGPIPE) == 1
  unsafe pthread_sigmask(SIG_BLOCK, &pipeSignal, &previous)
  defer { unsafe pthread_sigmask(SIG_SETMASK, &previous, nil) }

  var done = 0
  while done < bytes.count {
    let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[done...])
    let result = unsafe write(descriptor, rest.baseAddress, rest.count)
    if result >= 0 {
      done += result
    } else if errno != EINTR {
      let number = errno
      if number == EPIPE, !wasPending {
        // Take the blocked signal away before the mask is restored.
        var immediately = timespec()
        _ = unsafe sigtimedwait(&pipeSignal, nil, &immediately)
      }
      return number
    }
  }
  return 0
}

/// The path with symbolic links resolved, or as it is when nothing is there yet.
private func resolved(_ path: String) -> String {
  guard let pointer = unsafe realpath(path, nil) else { return path }
  defer { unsafe free(pointer) }
  return unsafe String(cString: pointer)
}

/// Makes a rename last through a power failure, where the file system can.
private func synchronizeFolder(of path: String) {
  let folder = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[...$0]) } ?? "."
  let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
  if descriptor >= 0 {
    _ = fsync(descriptor)
    close(descriptor)
  }
}
