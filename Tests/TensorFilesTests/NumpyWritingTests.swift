internal import Glibc
internal import Testing

@testable import TensorFiles

@Suite struct NumpyWritingTests {
  @Test func `a written file has the bytes that NumPy writes`() throws {
    #expect(try NumpyFile.of(NumpyArray([0, 1, 2, 3, 4, 5] as [Float], shape: [2, 3])) == NumpyFixtures.float)
    let strings = try NumpyArray(strings: ["one", "", "three"].map { Array($0.utf8) }, shape: [3])
    #expect(try NumpyFile.of(strings) == NumpyFixtures.byteStrings)
  }

  @Test(arguments: [
    NumpyType.bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .float16, .float32, .float64,
    .complex64, .complex128, .bytes(length: 1), .bytes(length: 5), .unicode(length: 2),
  ])
  func `every type and shape is read back`(type: NumpyType) throws {
    for shape in [[], [0], [1], [7], [3, 0, 2], [2, 3, 4], [1, 1, 1, 33]] {
      let count = shape.reduce(1, *) * type.itemSize
      let bytes = (0..<count).map { type == .bool ? UInt8($0 % 2) : UInt8(truncatingIfNeeded: $0 * 7 + 1) }
      let array = try NumpyArray(type: type, shape: shape, bytes: bytes)
      #expect(try NumpyArray(npy: NumpyFile.of(array), name: "x") == array)
    }
  }

  @Test func `an archive is read back in order, and equal arrays give equal files`() throws {
    let folder = try TemporaryFolder()
    let arrays = try sample()
    try NumpyArchive.write(arrays, to: folder["a.npz"])
    try NumpyArchive.write(arrays, to: folder["b.npz"])
    #expect(try readFile(folder["a.npz"]) == readFile(folder["b.npz"]))
    let archive = try NumpyArchive(contentsOf: folder["a.npz"])
    #expect(archive.names == arrays.map(\.name))
    for (name, array) in arrays {
      #expect(try archive.array(named: name) == array)
    }
    #expect(folder.names == ["a.npz", "b.npz"])
  }

  @Test(arguments: [(1, 1), (200, 1), (300, 0xFFFF), (0xFFFF_FFFF, 3), (0xFFFF_FFFF, 4)])
  func `zip64 fields are read back`(threshold: Int, countThreshold: Int) throws {
    let folder = try TemporaryFolder()
    let arrays = try sample()
    var writer = try NumpyArchiveWriter(path: folder["x.npz"], threshold: threshold, countThreshold: countThreshold)
    for (name, array) in arrays {
      try writer.append(array, named: name)
    }
    try writer.finish()
    let archive = try NumpyArchive(contentsOf: folder["x.npz"])
    #expect(archive.names == arrays.map(\.name))
    for (name, array) in arrays {
      #expect(try archive.array(named: name) == array)
    }
    let file = try readFile(folder["x.npz"])
    for position in file.indices.suffix(400) {
      var changed = file
      changed[position] ^= 0xFF
      let archive = try? NumpyArchive(npz: changed, name: "x")
      _ = try? archive?.array(at: 0)
    }
  }

  @Test func `an archive without arrays is written and read`() throws {
    let folder = try TemporaryFolder()
    try NumpyArchive.write([], to: folder["x.npz"])
    #expect(try NumpyArchive(contentsOf: folder["x.npz"]).count == 0)
  }

  @Test func `names that are used twice or too long are refused and leave no file`() throws {
    let folder = try TemporaryFolder()
    let array = try NumpyArray([1] as [UInt8], shape: [1])
    #expect(throws: TensorFileError.self) {
      try NumpyArchive.write([("a", array), ("a", array)], to: folder["x.npz"])
    }
    #expect(throws: TensorFileError.self) {
      try NumpyArchive.write([(String(repeating: "a", count: 65532), array)], to: folder["x.npz"])
    }
    #expect(folder.names.isEmpty)
  }

  @Test func `an archive that is not finished leaves no file`() throws {
    let folder = try TemporaryFolder()
    do {
      var writer = try NumpyArchiveWriter(path: folder["x.npz"])
      try writer.append(NumpyArray([1] as [UInt8], shape: [1]), named: "a")
    }
    #expect(folder.names.isEmpty)
  }

  private func sample() throws -> [(name: String, array: NumpyArray)] {
    [
      ("z", try NumpyArray([1, 2, 3] as [Int32], shape: [3])),
      ("größe/a b", try NumpyArray((0..<500).map { Float($0) }, shape: [5, 100])),
      ("", try NumpyArray([] as [Double], shape: [0, 4])),
      ("s", try NumpyArray(strings: [Array("x".utf8)], shape: [])),
    ]
  }
}
