internal import Glibc
internal import Testing

/// A new folder that is removed with its files when the value goes away.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = "/tmp/tensor-files-" + String(UInt64.random(in: 0...(.max)), radix: 16)
    try #require(unsafe mkdir(path, 0o700) == 0)
  }

  deinit {
    for name in names {
      unsafe unlink(self[name])
    }
    unsafe rmdir(path)
  }

  subscript(name: String) -> String { path + "/" + name }

  /// The names of the files in the folder.
  var names: Set<String> {
    guard let folder = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(folder) }
    var names: Set<String> = []
    while let entry = unsafe readdir(folder) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { (tuple) in
        unsafe tuple.withMemoryRebound(to: CChar.self, capacity: 256) { (text) in unsafe String(cString: text) }
      }
      if name != ".", name != ".." {
        names.insert(name)
      }
    }
    return names
  }
}
