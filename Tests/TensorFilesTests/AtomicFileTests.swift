internal import Glibc
internal import Testing

@testable import TensorFiles

@Suite struct AtomicFileTests {
  @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 200_000])
  func `the pieces that were written are the file`(size: Int) throws {
    let folder = try TemporaryFolder()
    let content = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    var file = try AtomicFile(path: folder["x"])
    try file.write("start\n")
    try file.write(content)
    try file.write("end\n")
    #expect(!folder.names.contains("x"))
    try file.commit()
    #expect(folder.names == ["x"])
    #expect(try readFile(folder["x"]) == Array("start\n".utf8) + content + Array("end\n".utf8))
    #expect(throws: TensorFileError.self) {
      try file.write([1]); try file.commit()
    }
  }

  @Test func `a file that was there stays until the new one is complete, with its permissions`() throws {
    let folder = try TemporaryFolder()
    try AtomicFile.write("old", to: folder["x"])
    unsafe chmod(folder["x"], 0o640)
    do {
      var file = try AtomicFile(path: folder["x"])
      try file.write("new")
    }
    #expect(try readFile(folder["x"]) == Array("old".utf8))
    #expect(folder.names == ["x"])
    try AtomicFile.write("new", to: folder["x"])
    #expect(try readFile(folder["x"]) == Array("new".utf8))
    var status = Glibc.stat()
    #expect(unsafe stat(folder["x"], &status) == 0)
    #expect(status.st_mode & 0o777 == 0o640)
  }

  @Test func `a symbolic link is followed`() throws {
    let folder = try TemporaryFolder()
    try AtomicFile.write("old", to: folder["target"])
    #expect(unsafe symlink("target", folder["link"]) == 0)
    try AtomicFile.write("new", to: folder["link"])
    #expect(try readFile(folder["target"]) == Array("new".utf8))
    #expect(folder.names == ["target", "link"])
  }

  @Test func `a missing folder, a folder and a full device are errors`() throws {
    let folder = try TemporaryFolder()
    func number(_ path: String) -> Int32? {
      do throws(TensorFileError) {
        try AtomicFile.write([1], to: path)
        return nil
      } catch {
        guard case .system(let number) = error.reason else { return nil }
        return number
      }
    }
    #expect(number(folder["missing/x"]) == ENOENT)
    #expect(number(folder.path) == EISDIR)
    #expect(number("/dev/full") == ENOSPC)
    #expect(folder.names.isEmpty)
    #expect(throws: TensorFileError.self) { try AtomicFile.write([1], to: "") }
    #expect(throws: TensorFileError.self) { try AtomicFile.write([1], to: folder["a\0b"]) }
    #expect(throws: Never.self) { try AtomicFile.write([1], to: "/dev/null") }
  }

  @Test func `a closed pipe is an error and no signal`() throws {
    let folder = try TemporaryFolder()
    #expect(unsafe mkfifo(folder["pipe"], 0o600) == 0)
    let reader = unsafe open(folder["pipe"], O_RDONLY | O_NONBLOCK)
    #expect(reader >= 0)
    var file = try AtomicFile(path: folder["pipe"])
    try file.write("x")
    close(reader)
    #expect {
      try file.commit()
    } throws: {
      ($0 as? TensorFileError)?.reason == .system(EPIPE)
    }
    #expect(folder.names == ["pipe"])
  }

  @Test func `a file without a size is read up to the limit`() throws {
    #expect(try readFile("/dev/null") == [])
    #expect { try readFile("/dev/zero", limit: 100_000) } throws: { ($0 as? TensorFileError)?.reason == .limit }
    let folder = try TemporaryFolder()
    try AtomicFile.write("four", to: folder["x"])
    #expect(try readFile(folder["x"], limit: 4).count == 4)
    #expect(throws: TensorFileError.self) { try readFile(folder["x"], limit: 3) }
  }
}
