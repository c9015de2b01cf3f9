package import FlatBuffers
internal import Glibc

/// What went wrong with a file or folder, in words.
package struct FileSystemError: Error, Sendable, Equatable {
  package enum Kind: Sendable, Equatable {
    /// It cannot be opened, or is something else.
    case notFound
    case tooLarge
    case outOfMemory
    /// It became shorter, or the device failed.
    case unreadable
  }

  package let kind: Kind
  package let message: String
}

/// Tells whether a file is still the one that was read.
package struct FileStamp: Sendable, Hashable {
  private let inode: UInt64
  private let size: Int
  private let seconds: Int
  private let nanoseconds: Int

  /// nil where there is no file.
  package init?(_ path: String) {
    var status = stat()
    guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    inode = UInt64(status.st_ino)
    size = Int(status.st_size)
    seconds = status.st_mtim.tv_sec
    nanoseconds = status.st_mtim.tv_nsec
  }
}

package enum FileSystem {
  /// What is in a folder, sorted, without what is hidden.
  package static func names(in path: String) throws(FileSystemError) -> [String] {
    guard let folder = unsafe opendir(path) else {
      throw FileSystemError(kind: .notFound, message: "cannot read folder '\(path)': \(systemError(errno))")
    }
    defer { unsafe closedir(folder) }
    var names: [String] = []
    while let entry = unsafe readdir(folder) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
        unsafe field.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  package static func isFolder(_ path: String) -> Bool { mode(path).map { $0 & S_IFMT == S_IFDIR } ?? false }

  package static func isFile(_ path: String) -> Bool { mode(path).map { $0 & S_IFMT == S_IFREG } ?? false }

  /// What kind of file a path leads to.
  private static func mode(_ path: String) -> mode_t? {
    var status = stat()
    return unsafe stat(path, &status) == 0 ? status.st_mode : nil
  }

  package static func exists(_ path: String) -> Bool {
    var status = stat()
    return unsafe lstat(path, &status) == 0
  }

  /// Whether the path itself, not what a link leads to, is a socket.
  package static func isSocket(_ path: String) -> Bool {
    var status = stat()
    return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
  }

  /// A file's bytes in memory, not mapped: whoever overwrites the file in place changes nothing here.
  package static func read(_ path: String, limit: Int) throws(FileSystemError) -> SharedBytes {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw FileSystemError(kind: .notFound, message: "cannot open '\(path)': \(systemError(errno))")
    }
    defer { Glibc.close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw FileSystemError(kind: .notFound, message: "'\(path)' is no regular file")
    }
    let size = Int(status.st_size)
    guard size <= limit else {
      throw FileSystemError(kind: .tooLarge, message: "'\(path)' has \(size) bytes, more than \(limit)")
    }
    return try unsafe SharedBytes.make(count: size) { (_: SharedBytesError) -> FileSystemError in
      FileSystemError(kind: .outOfMemory, message: "no memory for the \(size) bytes of '\(path)'")
    } fill: { buffer throws(FileSystemError) in
      var offset = 0
      while offset < size {
        let count = unsafe Glibc.read(descriptor, buffer.baseAddress.map { unsafe $0 + offset }, size - offset)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else {
          throw FileSystemError(
            kind: .unreadable, message: "'\(path)' changed or failed while it was read: \(systemError(errno))")
        }
        offset += count
      }
    }
  }

  /// The system's words for an error number.
  private static func systemError(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }
}
