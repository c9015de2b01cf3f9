/// An entry of a zip archive's central directory.
struct ZipEntry: Sendable {
  var name: [UInt8]
  var flags: UInt16
  var method: UInt16
  var checksum: UInt32
  var storedCount: Int
  var count: Int
  /// Where its local header starts.
  var offset: Int

  var isEncrypted: Bool { flags & 0x41 != 0 }
}

/// Signatures, field values and sizes of the zip format (APPNOTE 6.3).
enum Zip {
  static let localHeader: UInt32 = 0x0403_4B50
  static let directoryHeader: UInt32 = 0x0201_4B50
  static let end: UInt32 = 0x0605_4B50
  static let end64: UInt32 = 0x0606_4B50
  static let end64Locator: UInt32 = 0x0706_4B50
  static let localHeaderSize = 30
  static let directoryHeaderSize = 46
  static let endSize = 22
  static let end64Size = 56
  static let end64LocatorSize = 20
  static let extra64: UInt16 = 1
  static let utf8Flag: UInt16 = 0x0800
}

/// Reads the central directory of a zip archive, which alone says what the archive holds.
struct ZipDirectory {
  /// The entries, in the directory's order.
  let entries: [ZipEntry]
  /// Where the directory starts: no entry's data may reach beyond it.
  let offset: Int

  private let source: ByteSource

  init(_ source: ByteSource, limits: TensorFileLimits) throws(TensorFileError) {
    self.source = source
    let location = try Self.locate(in: source)
    guard location.count <= limits.maximumEntries else {
      throw TensorFileError(
        file: source.name, reason: .limit,
        message: "its \(location.count) entries exceed the limit of \(limits.maximumEntries)")
    }
    // Every entry takes 46 bytes and its name; 256 leave room for long names and are proportionate.
    guard location.size <= limits.maximumEntries * 256 else {
      throw TensorFileError(
        file: source.name, reason: .limit, message: "its zip directory of \(location.size) bytes is too large")
    }
    let bytes = try source.bytes(at: location.offset, count: location.size)
    var record = LittleEndianRecord(bytes[...])
    var entries: [ZipEntry] = []
    do throws(Problem) {
      while record.remaining > 0 {
        entries.append(try Self.entry(&record))
      }
      guard entries.count == location.count else {
        throw Problem(message: "its zip directory has \(entries.count) entries, not \(location.count) as its end says")
      }
      try Self.checkOverlap(entries, end: location.offset)
    } catch {
      throw error.located(file: source.name)
    }
    self.entries = entries
    offset = location.offset
  }

  /// Where the stored bytes of an entry start. Reads its local header, which must agree with the directory.
  func dataOffset(of entry: ZipEntry) throws(Problem) -> Int {
    let header: [UInt8]
    do throws(TensorFileError) {
      header = try source.bytes(at: entry.offset, count: Zip.localHeaderSize + entry.name.count)
    } catch {
      throw Problem(reason: error.reason, message: error.message)
    }
    var record = LittleEndianRecord(header[...])
    guard try record.uint32() == Zip.localHeader else {
      throw Problem(message: "there is no local zip header at offset \(entry.offset)")
    }
    _ = try record.take(4)  // version, flags
    let method = try record.uint16()
    _ = try record.take(16)  // time, date, checksum and sizes: the directory has them
    let nameCount = Int(try record.uint16())
    let extraCount = Int(try record.uint16())
    guard method == entry.method, nameCount == entry.name.count, Array(try record.take(nameCount)) == entry.name else {
      throw Problem(message: "its local zip header disagrees with the zip directory")
    }
    // No overflow: all terms are below the file's size or 2^17.
    let start = entry.offset + Zip.localHeaderSize + nameCount + extraCount
    guard start <= offset, entry.storedCount <= offset - start else {
      throw Problem(
        message: "its \(entry.storedCount) bytes at offset \(start) reach beyond the entries of the archive")
    }
    return start
  }

  // MARK: The end record

  private struct Location {
    var offset: Int
    var size: Int
    var count: Int
  }

  /// Finds the end record behind the comment, which may have 65535 bytes.
  private static func locate(in source: ByteSource) throws(TensorFileError) -> Location {
    let tailCount = min(source.count, Zip.endSize + 0xFFFF)
    let tailOffset = source.count - tailCount
    let tail = try source.bytes(at: tailOffset, count: tailCount)
    do throws(Problem) {
      var position = tailCount - Zip.endSize
      while position >= 0 {
        var record = LittleEndianRecord(tail[position...])
        if try record.uint32() == Zip.end {
          let location = try endRecord(&record, at: tailOffset + position, in: source)
          if let location {
            return location
          }
        }
        position -= 1
      }
      throw Problem(message: "it is not a zip archive, or it is cut off: it has no end record")
    } catch {
      throw error.located(file: source.name)
    }
  }

  /// Reads an end record after its signature; nil when its comment does not reach the end of the file.
  private static func endRecord(
    _ record: inout LittleEndianRecord, at position: Int, in source: ByteSource
  ) throws(Problem) -> Location? {
    let disks = (try record.uint16(), try record.uint16())
    let counts = (try record.uint16(), try record.uint16())
    let size = try record.uint32()
    let offset = try record.uint32()
    guard Int(try record.uint16()) == record.remaining else { return nil }
    if counts.1 == .max || size == .max || offset == .max,
      let location = try end64(before: position, in: source)
    {
      return location
    }
    guard disks == (0, 0), counts.0 == counts.1 else {
      throw Problem(reason: .unsupported, message: "it is one part of a zip archive of several files")
    }
    return try checked(offset: UInt64(offset), size: UInt64(size), count: UInt64(counts.1), end: position)
  }

  /// Reads the zip64 end record; nil when there is none.
  private static func end64(before position: Int, in source: ByteSource) throws(Problem) -> Location? {
    func read(_ offset: Int, _ count: Int) throws(Problem) -> [UInt8] {
      do throws(TensorFileError) {
        return try source.bytes(at: offset, count: count)
      } catch {
        throw Problem(reason: error.reason, message: error.message)
      }
    }
    let locatorOffset = position - Zip.end64LocatorSize
    guard locatorOffset >= 0 else { return nil }
    let locatorBytes = try read(locatorOffset, Zip.end64LocatorSize)
    var locator = LittleEndianRecord(locatorBytes[...])
    guard try locator.uint32() == Zip.end64Locator else { return nil }
    _ = try locator.uint32()
    guard let endOffset = Int(exactly: try locator.uint64()), endOffset <= locatorOffset - Zip.end64Size else {
      throw Problem(message: "its zip64 end record is outside the file")
    }
    let endBytes = try read(endOffset, Zip.end64Size)
    var end = LittleEndianRecord(endBytes[...])
    guard try end.uint32() == Zip.end64 else { throw Problem(message: "it has no zip64 end record where it should be") }
    _ = try end.take(12)  // the size of this record, the versions
    let disks = (try end.uint32(), try end.uint32())
    let counts = (try end.uint64(), try end.uint64())
    guard disks == (0, 0), counts.0 == counts.1 else {
      throw Problem(reason: .unsupported, message: "it is one part of a zip archive of several files")
    }
    let size = try end.uint64()
    return try checked(offset: try end.uint64(), size: size, count: counts.1, end: endOffset)
  }

  private static func checked(offset: UInt64, size: UInt64, count: UInt64, end: Int) throws(Problem) -> Location {
    guard let offset = Int(exactly: offset), let size = Int(exactly: size), let count = Int(exactly: count),
      offset <= end, size <= end - offset
    else {
      throw Problem(message: "its zip directory is outside the file")
    }
    return Location(offset: offset, size: size, count: count)
  }

  // MARK: Entries

  private static func entry(_ record: inout LittleEndianRecord) throws(Problem) -> ZipEntry {
    guard try record.uint32() == Zip.directoryHeader else { throw Problem(message: "its zip directory is damaged") }
    _ = try record.take(4)  // versions
    let flags = try record.uint16()
    let method = try record.uint16()
    _ = try record.take(4)  // time, date
    let checksum = try record.uint32()
    let storedCount = try record.uint32()
    let count = try record.uint32()
    let nameCount = Int(try record.uint16())
    let extraCount = Int(try record.uint16())
    let commentCount = Int(try record.uint16())
    _ = try record.take(8)  // disk, attributes
    let offset = try record.uint32()
    let name = Array(try record.take(nameCount))
    let extra = try record.take(extraCount)
    _ = try record.take(commentCount)

    // The fields that are all ones are in the zip64 extra, in this order.
    let fields = [count, storedCount, offset]
    var values = fields.map { UInt64($0) }
    if fields.contains(.max), var extra64 = try extraField(Zip.extra64, of: extra) {
      for index in fields.indices where fields[index] == .max {
        values[index] = try extra64.uint64()
      }
    }
    guard let wideCount = Int(exactly: values[0]), let wideStoredCount = Int(exactly: values[1]),
      let wideOffset = Int(exactly: values[2])
    else {
      throw Problem(message: "its zip directory has a size that is too large")
    }
    return ZipEntry(
      name: name, flags: flags, method: method, checksum: checksum, storedCount: wideStoredCount, count: wideCount,
      offset: wideOffset)
  }

  private static func extraField(_ wanted: UInt16, of extra: ArraySlice<UInt8>) throws(Problem) -> LittleEndianRecord? {
    var record = LittleEndianRecord(extra)
    while record.remaining >= 4 {
      let identifier = try record.uint16()
      let content = try record.take(Int(try record.uint16()))
      if identifier == wanted {
        return LittleEndianRecord(content)
      }
    }
    return nil
  }

  /// Refuses entries that share bytes, the way small archives are made to decompress to huge ones.
  private static func checkOverlap(_ entries: [ZipEntry], end: Int) throws(Problem) {
    var limit = end
    for entry in entries.sorted(by: { $0.offset > $1.offset }) {
      let header = Zip.localHeaderSize + entry.name.count
      guard entry.offset <= limit, header <= limit - entry.offset, entry.storedCount <= limit - entry.offset - header
      else {
        let name = String(decoding: entry.name, as: UTF8.self)
        throw Problem(message: "its entry '\(name)' overlaps another entry or the zip directory")
      }
      limit = entry.offset
    }
  }
}
