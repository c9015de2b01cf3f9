internal import FlatBuffers
internal import Glibc
internal import TFLiteRuntime

/// The files of one model in the repository: `config.json` and folders with version numbers.
struct ModelFolder: Sendable {
  /// Tells whether a file is still the one that was read.
  struct FileStamp: Sendable, Hashable {
    let inode: UInt64
    let size: Int
    let seconds: Int
    let nanoseconds: Int
  }

  let path: String

  static func names(in path: String) throws(ServingError) -> [String] {
    guard let folder = unsafe opendir(path) else {
      throw ServingError(.notFound, "cannot read folder '\(path)': \(systemError(errno))")
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

  static func stamp(_ path: String) -> FileStamp? {
    var status = stat()
    guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return FileStamp(
      inode: UInt64(status.st_ino), size: Int(status.st_size), seconds: status.st_mtim.tv_sec,
      nanoseconds: status.st_mtim.tv_nsec)
  }

  static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Numbers of the versions that have a folder, ascending.
  var versions: [Int] {
    get throws(ServingError) {
      try Self.names(in: path).compactMap { name in
        guard let number = Int(name), number > 0, String(number) == name, Self.isFolder("\(path)/\(name)") else {
          return nil
        }
        return number
      }.sorted()
    }
  }

  /// The bytes of `config.json`; nil when there is none.
  func configurationText() throws(ServingError) -> [UInt8]? {
    let file = "\(path)/config.json"
    guard Self.stamp(file) != nil else { return nil }
    let bytes = try Self.read(file, limit: 1 << 20)
    return unsafe Array(UnsafeRawBufferPointer(start: bytes.baseAddress, count: bytes.count))
  }

  func modelPath(version: Int, _ configuration: ModelConfiguration) -> String {
    "\(path)/\(version)/\(configuration.fileName)"
  }

  /// Loads a version. The file is read, not mapped: whoever overwrites it in place must not take the server with it.
  func model(version: Int, _ configuration: ModelConfiguration) throws(ServingError) -> Model {
    let file = modelPath(version: version, configuration)
    let bytes = try Self.read(file, limit: 1 << 40)
    var limits = Limits.standard
    limits.arenaBytes = configuration.maximumArenaBytes
    do throws(ModelError) {
      return try Model(bytes, externalBufferFolder: "\(path)/\(version)/", limits: limits)
    } catch {
      throw ServingError(.internal, "\(file): \(error)")
    }
  }

  private static func read(_ path: String, limit: Int) throws(ServingError) -> SharedBytes {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw ServingError(.notFound, "cannot open '\(path)': \(systemError(errno))") }
    defer { Glibc.close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw ServingError(.notFound, "'\(path)' is no regular file")
    }
    let size = Int(status.st_size)
    guard size <= limit else { throw ServingError(.invalidArgument, "'\(path)' has \(size) bytes, more than \(limit)") }
    return try unsafe SharedBytes.make(count: size) { (_: SharedBytesError) -> ServingError in
      ServingError(.unavailable, "no memory for the \(size) bytes of '\(path)'")
    } fill: { buffer throws(ServingError) in
      var offset = 0
      while offset < size {
        let count = unsafe Glibc.read(descriptor, buffer.baseAddress.map { unsafe $0 + offset }, size - offset)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else {
          throw ServingError(.internal, "'\(path)' changed or failed while it was read: \(systemError(errno))")
        }
        offset += count
      }
    }
  }
}

/// The system's words for an error number.
func systemError(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }
