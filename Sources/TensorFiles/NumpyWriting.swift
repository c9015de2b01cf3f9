internal import CZlib

extension NumpyArray {
  /// The content of an `.npy` file before the array's bytes, as NumPy writes it.
  var encodedHeader: [UInt8] { NumpyHeader.encoded(type: type, shape: shape) }

  /// Writes an `.npy` file of version 1.0, complete or not at all. Throws ``TensorFileError``.
  package func write(to path: String) throws(TensorFileError) {
    var file = try AtomicFile(path: path)
    try file.write(encodedHeader)
    try file.write(bytes)
    try file.commit()
  }
}

extension NumpyArchive {
  /// Writes an `.npz` file of the arrays in their order, complete or not at all. Throws ``TensorFileError``, also when
  /// two names are equal.
  package static func write(
    _ arrays: [(name: String, array: NumpyArray)], to path: String
  ) throws(TensorFileError) {
    var writer = try NumpyArchiveWriter(path: path)
    for (name, array) in arrays {
      try writer.append(array, named: name)
    }
    try writer.finish()
  }
}

extension NumpyArchive {
  /// The content of an `.npz` file of the arrays in their order. Throws ``TensorFileError`` when two names are equal or one is too long;
  /// errors call the archive `name`.
  package static func encoded(
    _ arrays: [(name: String, array: NumpyArray)], name: String
  ) throws(TensorFileError) -> [UInt8] {
    var encoder = NumpyArchiveEncoder(file: name)
    var bytes: [UInt8] = []
    for (name, array) in arrays {
      bytes += try encoder.append(array, named: name)
      bytes += array.bytes
    }
    bytes += encoder.finish()
    return bytes
  }
}

/// Writes an `.npz` file array by array: uncompressed, with the timestamp 1980-01-01, so that equal arrays give equal
/// files. The file appears when ``finish()`` has returned, and not when the value goes away before.
package struct NumpyArchiveWriter: ~Copyable {
  private var file: AtomicFile
  private var encoder: NumpyArchiveEncoder

  package init(path: String) throws(TensorFileError) {
    try self.init(path: path, threshold: 0xFFFF_FFFF, countThreshold: 0xFFFF)
  }

  init(path: String, threshold: Int, countThreshold: Int) throws(TensorFileError) {
    file = try AtomicFile(path: path)
    encoder = NumpyArchiveEncoder(file: path, threshold: threshold, countThreshold: countThreshold)
  }

  /// Appends an array. The name must be new, and have at most 65531 bytes of UTF-8.
  package mutating func append(_ array: NumpyArray, named name: String) throws(TensorFileError) {
    try file.write(try encoder.append(array, named: name))
    try file.write(array.bytes)
  }

  /// Writes the directory and gives the file its name. Nothing can be appended afterwards.
  package mutating func finish() throws(TensorFileError) {
    try file.write(encoder.finish())
    try file.commit()
  }
}

/// The bytes of an `.npz` file around its arrays'.
private struct NumpyArchiveEncoder {
  /// What errors call the archive.
  private let file: String
  private var names: Set<String> = []
  /// The central directory, written at the end.
  private var directory: [UInt8] = []
  private var position = 0
  /// Sizes, offsets and counts from which the zip64 fields are used; smaller only in tests.
  private let threshold: Int
  private let countThreshold: Int

  init(file: String, threshold: Int = 0xFFFF_FFFF, countThreshold: Int = 0xFFFF) {
    self.file = file
    self.threshold = threshold
    self.countThreshold = countThreshold
  }

  /// The bytes that go before the array's own.
  mutating func append(_ array: NumpyArray, named name: String) throws(TensorFileError) -> [UInt8] {
    let entryName = Array(name.utf8) + Array(".npy".utf8)
    guard entryName.count <= 0xFFFF else {
      throw invalid(name, "the name is longer than a zip archive allows")
    }
    guard names.insert(name).inserted else { throw invalid(name, "the name is used twice") }
    let header = array.encodedHeader
    let count = header.count + array.bytes.count
    var checksum = crc32(0, header)
    checksum = crc32(checksum, array.bytes)
    let offset = position

    let isWide = count >= threshold
    var local: [UInt8] = []
    local.append(littleEndian: Zip.localHeader)
    appendCommonFields(to: &local, name: entryName, checksum: checksum, count: count, isWide: isWide)
    local.append(littleEndian: UInt16(isWide ? 20 : 0))
    local += entryName
    if isWide {
      appendExtra([count, count], to: &local)
    }
    local += header
    position += local.count + array.bytes.count

    let isFar = offset >= threshold
    let wideFields = (isWide ? [count, count] : []) + (isFar ? [offset] : [])
    directory.append(littleEndian: Zip.directoryHeader)
    directory.append(littleEndian: UInt16(3 << 8 | 45))  // made on Unix
    appendCommonFields(
      to: &directory, name: entryName, checksum: checksum, count: count, isWide: isWide, isFar: isFar)
    directory.append(littleEndian: UInt16(wideFields.isEmpty ? 0 : 4 + 8 * wideFields.count))
    directory.append(littleEndian: UInt32(0))  // comment length, disk
    directory.append(littleEndian: UInt16(0))
    directory.append(littleEndian: UInt32(0o100644) << 16)
    directory.append(littleEndian: isFar ? UInt32.max : UInt32(offset))
    directory += entryName
    if !wideFields.isEmpty {
      appendExtra(wideFields, to: &directory)
    }
    return local
  }

  /// The bytes after the last array: the directory.
  func finish() -> [UInt8] {
    let offset = position
    let size = directory.count
    let isWide = names.count >= countThreshold || offset >= threshold || size >= threshold
    var end = directory
    if isWide {
      let end64 = offset + size
      end.append(littleEndian: Zip.end64)
      end.append(littleEndian: UInt64(Zip.end64Size - 12))
      end.append(littleEndian: UInt16(3 << 8 | 45))
      end.append(littleEndian: UInt16(45))
      end.append(littleEndian: UInt64(0))  // two disk numbers
      for value in [names.count, names.count, size, offset] {
        end.append(littleEndian: UInt64(value))
      }
      end.append(littleEndian: Zip.end64Locator)
      end.append(littleEndian: UInt32(0))
      end.append(littleEndian: UInt64(end64))
      end.append(littleEndian: UInt32(1))
    }
    end.append(littleEndian: Zip.end)
    end.append(littleEndian: UInt32(0))  // two disk numbers
    for _ in 0..<2 {
      end.append(littleEndian: isWide ? UInt16.max : UInt16(names.count))
    }
    end.append(littleEndian: isWide ? UInt32.max : UInt32(size))
    end.append(littleEndian: isWide ? UInt32.max : UInt32(offset))
    end.append(littleEndian: UInt16(0))
    return end
  }

  private func invalid(_ name: String, _ message: String) -> TensorFileError {
    TensorFileError(file: file, entry: name, reason: .invalidArgument, message: message)
  }
}

private func crc32(_ checksum: UInt32, _ bytes: [UInt8]) -> UInt32 {
  // Without bytes, zlib would take a null pointer as the wish for the initial value.
  bytes.isEmpty
    ? checksum
    : unsafe bytes.withUnsafeBufferPointer { (buffer) in
      unsafe UInt32(truncatingIfNeeded: crc32_z(UInt(checksum), buffer.baseAddress, buffer.count))
    }
}

/// The fields that a local header and a directory entry share: from the version needed to the length of the name.
private func appendCommonFields(
  to record: inout [UInt8], name: [UInt8], checksum: UInt32, count: Int, isWide: Bool, isFar: Bool = false
) {
  record.append(littleEndian: UInt16(isWide || isFar ? 45 : 20))
  record.append(littleEndian: name.allSatisfy { $0 < 0x80 } ? 0 : Zip.utf8Flag)
  record.append(littleEndian: UInt16(0))  // stored
  record.append(littleEndian: UInt16(0))  // 00:00:00
  record.append(littleEndian: UInt16(1 << 5 | 1))  // 1980-01-01
  record.append(littleEndian: checksum)
  for _ in 0..<2 {
    record.append(littleEndian: isWide ? UInt32.max : UInt32(count))
  }
  record.append(littleEndian: UInt16(name.count))
}

private func appendExtra(_ values: [Int], to record: inout [UInt8]) {
  record.append(littleEndian: Zip.extra64)
  record.append(littleEndian: UInt16(8 * values.count))
  for value in values {
    record.append(littleEndian: UInt64(value))
  }
}
