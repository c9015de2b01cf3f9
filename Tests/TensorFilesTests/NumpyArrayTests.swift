internal import Testing

@testable import TensorFiles

@Suite struct NumpyArrayTests {
  @Test func `files of NumPy are read`() throws {
    let float = try NumpyArray(npy: NumpyFixtures.float, name: "float")
    #expect(float.shape == [2, 3])
    #expect(float.elements(as: Float.self) == [0, 1, 2, 3, 4, 5])
    #expect(float.elements(as: Int32.self) == nil)
    #expect(float.strings == nil)

    let fortran = try NumpyArray(npy: NumpyFixtures.fortranBigEndian, name: "fortran")
    #expect(fortran.shape == [2, 3])
    #expect(fortran.elements(as: Int16.self) == [0, 1, 2, 3, 4, 5])

    #expect(try NumpyArray(npy: NumpyFixtures.version2, name: "2").elements(as: UInt8.self) == [0, 1, 2])

    let complex = try NumpyArray(npy: NumpyFixtures.complexScalar, name: "complex")
    #expect(complex.type == .complex64)
    #expect(complex.shape == [])
    #expect(complex.bytes == [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0])
  }

  @Test func `strings are read as UTF-8 and bytes`() throws {
    let unicode = try NumpyArray(npy: NumpyFixtures.version3Unicode, name: "unicode")
    #expect(unicode.type == .unicode(length: 3))
    #expect(unicode.strings?.map { String(decoding: $0, as: UTF8.self) } == ["aé", "", "😀xy"])
    let bytes = try NumpyArray(npy: NumpyFixtures.byteStrings, name: "bytes")
    #expect(bytes.type == .bytes(length: 5))
    #expect(bytes.strings == [Array("one".utf8), [], Array("three".utf8)])
  }

  @Test func `surrogates and values beyond Unicode become the replacement character`() throws {
    let bytes: [UInt8] = [0x00, 0xD8, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]
    let array = try NumpyArray(type: .unicode(length: 2), shape: [1], bytes: bytes)
    #expect(array.strings == [Array("\u{FFFD}\u{FFFD}".utf8)])
  }

  @Test func `pickled objects and structured dtypes are refused`() {
    for file in [NumpyFixtures.objects, NumpyFixtures.structured] {
      #expect { try NumpyArray(npy: file, name: "x") } throws: { ($0 as? TensorFileError)?.reason == .unsupported }
    }
  }

  @Test func `byte strings are stored with the longest length`() throws {
    let strings = ["", "abc", "de"].map { Array($0.utf8) }
    let array = try NumpyArray(strings: strings, shape: [3])
    #expect(array.type == .bytes(length: 3))
    #expect(array.bytes == Array("\0\0\0abcde\0".utf8))
    #expect(array.strings == strings)
    #expect(try NumpyArray(strings: [], shape: [0]).type == .bytes(length: 1))
    #expect(throws: TensorFileError.self) { try NumpyArray(strings: strings, shape: [2]) }
  }

  @Test func `a count that is not the product of the shape is refused`() throws {
    #expect(throws: TensorFileError.self) { try NumpyArray([1, 2, 3] as [Float], shape: [2]) }
    #expect(throws: TensorFileError.self) { try NumpyArray([1, 2] as [Float], shape: [-1, -2]) }
    #expect(throws: TensorFileError.self) { try NumpyArray([] as [Float], shape: [.max, .max]) }
    #expect(throws: TensorFileError.self) { try NumpyArray(type: .bytes(length: 0), shape: [.max], bytes: []) }
    #expect(try NumpyArray([7] as [Int64], shape: []).count == 1)
  }

  @Test func `booleans are 0 or 1`() throws {
    var file = try NumpyFile.of(NumpyArray([true, false], shape: [2]))
    file[file.count - 2] = 0x80
    #expect(try NumpyArray(npy: file, name: "x").elements(as: Bool.self) == [true, false])
  }

  /// The oracle walks every index of the array and computes both positions from the definition.
  @Test(
    arguments: [[], [0], [5], [2, 3], [3, 1, 2], [2, 0, 3], [4, 3, 2, 5], [1, 1, 7], [17, 33]], [1, 2, 3, 8])
  func `Fortran order becomes C order`(shape: [Int], itemSize: Int) {
    let count = shape.reduce(1, *)
    let source = (0..<count * itemSize).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    var expected = source
    for position in 0..<count {
      var rest = position
      var index: [Int] = []
      for dimension in shape.reversed() {
        index.insert(rest % dimension, at: 0)
        rest /= dimension
      }
      var fortran = 0
      for axis in shape.indices.reversed() {
        fortran = fortran * shape[axis] + index[axis]
      }
      for byte in 0..<itemSize {
        expected[position * itemSize + byte] = source[fortran * itemSize + byte]
      }
    }
    #expect(cOrder(source, shape: shape, itemSize: itemSize) == expected)
  }

  @Test func `bytes before, after or missing from the array are refused`() {
    let file = NumpyFixtures.float
    let cuts = [0, 1, 8, 10, 64, file.count - 1].map { Array(file[..<$0]) }
    for broken in cuts + [[0] + file, file + [0]] {
      #expect(throws: TensorFileError.self) { try NumpyArray(npy: broken, name: "x") }
    }
  }

  @Test func `a limit on the array and its header is kept`() {
    var limits = TensorFileLimits()
    limits.maximumArrayBytes = 23
    #expect { try NumpyArray(npy: NumpyFixtures.float, name: "x", limits: limits) } throws: {
      ($0 as? TensorFileError)?.reason == .limit
    }
    limits = TensorFileLimits()
    limits.maximumHeaderBytes = 100
    #expect { try NumpyArray(npy: NumpyFixtures.float, name: "x", limits: limits) } throws: {
      ($0 as? TensorFileError)?.reason == .limit
    }
  }

  @Test func `no change of a byte and no cut makes reading trap`() {
    for file in [
      NumpyFixtures.float, NumpyFixtures.fortranBigEndian, NumpyFixtures.version2, NumpyFixtures.version3Unicode,
    ] {
      for position in file.indices {
        for change in [0x01, 0x80, 0xFF, 0x10] as [UInt8] {
          var changed = file
          changed[position] ^= change
          let array = try? NumpyArray(npy: changed, name: "x")
          _ = array?.strings
        }
        #expect(throws: TensorFileError.self) { try NumpyArray(npy: Array(file[..<position]), name: "x") }
      }
    }
  }
}

enum NumpyFile {
  /// The file that `array` is written to.
  static func of(_ array: NumpyArray) throws -> [UInt8] {
    let folder = try TemporaryFolder()
    try array.write(to: folder["x.npy"])
    return try readFile(folder["x.npy"])
  }
}
