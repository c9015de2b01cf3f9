internal import FlatBuffers
internal import Glibc

/// Files in which one process leaves for later ones what was costly to make: they appear complete or not at all, and what cannot be read or written is
/// no error.
package enum CacheFile {
  /// A file's bytes, copied: a mapping would change with the file. Of a file of more than `limit` bytes, one byte more than that; nil when it
  /// cannot be read.
  package static func read(_ path: String, limit: Int) -> [UInt8]? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size >= 0 else {
      return nil
    }
    var bytes = [UInt8](repeating: 0, count: min(Int(status.st_size), limit + 1))
    var done = 0
    while done < bytes.count {
      let count = unsafe bytes.withUnsafeMutableBytes { buffer in
        unsafe Glibc.read(descriptor, buffer.baseAddress.map { unsafe $0 + done }, buffer.count - done)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      done += count
    }
    bytes.removeLast(bytes.count - done)
    return bytes
  }

  /// Writes a file that appears complete or not at all.
  ///
  /// - Returns: what went wrong; nil when it is on the disk.
  package static func write(_ bytes: [UInt8], to path: String) -> String? {
    write(to: path) { file in unsafe file.append(bytes.span.bytes) }
  }

  /// Writes a file that appears complete or not at all.
  ///
  /// - Parameter content: appends the bytes; it answers false to stop when that fails.
  /// - Returns: what went wrong; nil when it is on the disk.
  static func write(to path: String, content: (borrowing Output) -> Bool) -> String? {
    let temporary = "\(path).\(String(UInt64.random(in: 0...(.max)), radix: 16)).partial"
    let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { return problem("open") }
    func fail(_ call: String) -> String {
      let text = problem(call)
      close(descriptor)
      unsafe unlink(temporary)
      return text
    }
    guard content(Output(descriptor: descriptor)) else { return fail("write") }
    guard fsync(descriptor) == 0 else { return fail("fsync") }
    guard unsafe rename(temporary, path) == 0 else { return fail("rename") }
    close(descriptor)
    // The new name lasts through a power failure where the file system can do that.
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    let directory = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if directory >= 0 {
      _ = fsync(directory)
      close(directory)
    }
    return nil
  }

  /// A file while it is written.
  struct Output: ~Copyable {
    fileprivate let descriptor: Int32

    /// Answers false when the bytes could not be written.
    func append(_ bytes: RawSpan) -> Bool {
      var done = 0
      while done < bytes.byteCount {
        let count = unsafe bytes.withUnsafeBytes { buffer in
          unsafe Glibc.write(descriptor, buffer.baseAddress.map { unsafe $0 + done }, buffer.count - done)
        }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        done += count
      }
      return true
    }
  }

  /// Makes a folder, and those it is in, for the user alone.
  package static func createDirectory(_ directory: String) {
    var path = ""
    for part in directory.split(separator: "/", omittingEmptySubsequences: true) {
      path += path.isEmpty && !directory.hasPrefix("/") ? String(part) : "/" + part
      _ = unsafe mkdir(path, 0o700)
    }
  }

  private static func problem(_ call: String) -> String {
    let number = errno
    return "\(call): " + (unsafe strerror(number).map { unsafe String(cString: $0) } ?? "error \(number)")
  }
}

extension [UInt8] {
  package mutating func append<T: FixedWidthInteger>(littleEndian value: T) {
    for byte in 0..<T.bitWidth / 8 { append(UInt8(truncatingIfNeeded: value >> T(byte * 8))) }
  }

  /// The integer at `offset`, which must be inside.
  package func littleEndian<T: FixedWidthInteger>(at offset: Int) -> T {
    (0..<T.bitWidth / 8).reduce(T(0)) { $0 | T(truncatingIfNeeded: self[offset + $1]) << T($1 * 8) }
  }

  /// Two hexadecimal digits for each byte.
  package var hexadecimal: String { map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
}
