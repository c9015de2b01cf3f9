internal import Glibc
internal import TensorFiles

/// Writes bytes to a descriptor, blocking while nobody takes them.
struct RecordWriter {
  private let descriptor: Int32
  private var buffer: [UInt8] = []
  /// Whether the reader has gone away. Nothing is written any more.
  private(set) var isClosed = false

  private static let capacity = 1 << 20

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  mutating func write(_ bytes: [UInt8]) throws(TensorFileError) {
    buffer += bytes
    if buffer.count >= Self.capacity { try flush() }
  }

  mutating func flush() throws(TensorFileError) {
    defer { buffer.removeAll(keepingCapacity: buffer.capacity <= Self.capacity * 2) }
    var done = 0
    while done < buffer.count, !isClosed {
      let result = unsafe buffer.withUnsafeBytes { bytes in
        unsafe Glibc.write(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done)
      }
      if result >= 0 {
        done += result
        continue
      }
      switch errno {
      case EINTR: break
      case EAGAIN:
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = unsafe poll(&request, 1, -1)
      case EPIPE: isClosed = true
      default:
        throw TensorFileError(
          file: "output", reason: .system(errno), message: "cannot write: \(unsafe String(cString: strerror(errno)))")
      }
    }
  }
}
