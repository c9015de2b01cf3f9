internal import Testing

@testable import TensorFiles

@Suite struct NumpyArchiveTests {
  @Test func `a compressed archive is read`() throws {
    let archive = try NumpyArchive(npz: NumpyFixtures.compressed, name: "x.npz")
    #expect(archive.names == ["x", "y", "flag"])
    #expect(try archive.array(named: "x").elements(as: Float.self) == [0, 1, 2, 3, 4, 5])
    let zeros = try archive.array(at: 1)
    #expect(zeros.shape == [4, 100])
    #expect(zeros.elements(as: Int64.self) == Array(repeating: 0, count: 400))
    #expect(try archive.array(named: "flag").elements(as: Bool.self) == [true])
    let header = try archive.header(at: 1)
    #expect(header.type == .int64 && header.shape == [4, 100])
    #expect { try archive.array(named: "z") } throws: { ($0 as? TensorFileError)?.reason == .missingEntry }
  }

  @Test func `data descriptors, zip64 fields, other entries and a comment are read`() throws {
    let archive = try NumpyArchive(npz: NumpyFixtures.streamed, name: "x.npz")
    #expect(archive.names == ["a", "b"])
    #expect(archive.ignoredEntries == ["README.txt"])
    #expect(try archive.array(named: "a").elements(as: UInt8.self) == [7, 8])
    #expect(try archive.array(named: "b").elements(as: UInt8.self) == (0..<300).map { UInt8(truncatingIfNeeded: $0) })
  }

  @Test func `an archive is read from its file when an array is asked for`() throws {
    let folder = try TemporaryFolder()
    try AtomicFile.write(NumpyFixtures.compressed, to: folder["x.npz"])
    let archive = try NumpyArchive(contentsOf: folder["x.npz"])
    #expect(try archive.array(named: "x").elements(as: Float.self) == [0, 1, 2, 3, 4, 5])
    #expect(throws: TensorFileError.self) { try NumpyArchive(contentsOf: folder["missing.npz"]) }
    #expect(throws: TensorFileError.self) { try NumpyArchive(contentsOf: folder.path) }
  }

  @Test func `two arrays of one name are refused, and the error names the file and the entry`() {
    #expect {
      try NumpyArchive(npz: NumpyFixtures.duplicate, name: "in.npz")
    } throws: {
      "\($0)" == "in.npz: entry 'a.npy': the archive has two arrays of this name"
    }
  }

  @Test func `a damaged byte of data is found by the checksum`() throws {
    var file = NumpyFixtures.streamed
    // The data of `a` are the first 7, 8 in the file that follow the padding of its header.
    let position = try #require(file.indices.dropLast(2).first { Array(file[$0..<$0 + 3]) == [0x0A, 7, 8] })
    file[position + 1] = 9
    let archive = try NumpyArchive(npz: file, name: "x.npz")
    #expect { try archive.array(named: "a") } throws: { ($0 as? TensorFileError)?.reason == .checksum }
    #expect(throws: Never.self) { try archive.array(named: "b") }
  }

  @Test func `encrypted entries and other compressions are refused`() throws {
    for (offset, value) in [(8, UInt8(1)), (10, 14)] {
      var file = NumpyFixtures.compressed
      let directory = try #require(firstDirectoryHeader(in: file))
      file[directory + offset] = value
      let archive = try NumpyArchive(npz: file, name: "x.npz")
      #expect { try archive.array(at: 0) } throws: { ($0 as? TensorFileError)?.reason == .unsupported }
    }
  }

  @Test func `a declared size that deflate cannot reach, or beyond the limit, is refused`() throws {
    var file = NumpyFixtures.compressed
    let directory = try #require(firstDirectoryHeader(in: file))
    file.replaceSubrange(directory + 24..<directory + 28, with: [0xFE, 0xFF, 0xFF, 0xFF])
    let archive = try NumpyArchive(npz: file, name: "x.npz")
    #expect { try archive.array(at: 0) } throws: { ($0 as? TensorFileError)?.reason == .limit }

    var limits = TensorFileLimits()
    limits.maximumArrayBytes = 3199
    let limited = try NumpyArchive(npz: NumpyFixtures.compressed, name: "x.npz", limits: limits)
    #expect { try limited.array(named: "y") } throws: { ($0 as? TensorFileError)?.reason == .limit }
    limits = TensorFileLimits()
    limits.maximumEntries = 2
    #expect(throws: TensorFileError.self) {
      try NumpyArchive(npz: NumpyFixtures.compressed, name: "x.npz", limits: limits)
    }
  }

  @Test func `entries that share bytes are refused`() throws {
    var file = NumpyFixtures.compressed
    let first = try #require(firstDirectoryHeader(in: file))
    let second = try #require(
      file.indices.dropLast(3).first { $0 > first && file[$0...].starts(with: [0x50, 0x4B, 1, 2]) })
    file.replaceSubrange(second + 42..<second + 46, with: [0, 0, 0, 0])
    #expect(throws: TensorFileError.self) { try NumpyArchive(npz: file, name: "x.npz") }
  }

  @Test func `what is no archive is refused`() {
    for bytes in [[], [0x50, 0x4B, 5, 6], Array(repeating: 0, count: 100_000), NumpyFixtures.float] {
      #expect(throws: TensorFileError.self) { try NumpyArchive(npz: bytes, name: "x") }
    }
  }

  @Test func `an archive without entries is empty`() throws {
    let archive = try NumpyArchive(npz: [0x50, 0x4B, 5, 6] + Array(repeating: 0, count: 18), name: "x")
    #expect(archive.count == 0)
  }

  @Test(arguments: [NumpyFixtures.compressed, NumpyFixtures.streamed])
  func `no change of a byte and no cut makes reading trap`(file: [UInt8]) {
    for position in file.indices {
      for change in [0x01, 0x80, 0xFF, 0x10] as [UInt8] {
        var changed = file
        changed[position] ^= change
        readEverything(changed)
      }
      readEverything(Array(file[..<position]))
      readEverything(Array(file[position...]))
      readEverything(Array(file[..<position] + file[(position + 1)...]))
    }
  }

  @Test func `errors escape control characters of names`() {
    let error = TensorFileError(file: "a\u{1B}[2J", entry: "\n", reason: .malformed, message: "x\u{202E}")
    #expect(error.description == "a\\u{1B}[2J: entry '\\n': x\\u{202E}")
  }

  private func readEverything(_ file: [UInt8]) {
    guard let archive = try? NumpyArchive(npz: file, name: "x") else { return }
    for index in 0..<archive.count {
      _ = try? archive.header(at: index)
      _ = try? archive.array(at: index)
    }
  }

  private func firstDirectoryHeader(in file: [UInt8]) -> Int? {
    file.indices.first { file[$0...].starts(with: [0x50, 0x4B, 1, 2]) }
  }
}
