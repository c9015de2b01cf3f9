internal import FlatBuffers

/// The packed weights of one model and instruction set as they stand in a file.
///
/// Layout, little-endian: `TFLAPACK` (8 bytes); format version (4); number of forms (4); key of the file (32); for each form its key (32), offset in the
/// file (8), number of bytes (8) and ``ContentHash`` (32); SHA-256 of everything before (32). Then the forms, each at a multiple of 64 bytes and followed
/// by at least 64 more.
struct WeightCacheFile {
  /// Why a file is not used.
  enum Rejection: Error, Equatable, CustomStringConvertible {
    case notACache
    case truncated
    case damaged
    case formatVersion(UInt32)
    case otherKey
    case malformed

    var description: String {
      switch self {
      case .notACache: "not a file of packed weights"
      case .truncated: "shorter or longer than it says"
      case .damaged: "damaged"
      case .formatVersion(let version): "format version \(version)"
      case .otherKey: "made for another model or processor"
      case .malformed: "its index makes no sense"
      }
    }
  }

  struct Entry {
    let bytes: SharedBytes
    let digest: [UInt8]
  }

  static let magic = Array("TFLAPACK".utf8)
  /// To be raised with every change of what kernels pack; a test compares what they pack with what they did.
  static let formatVersion: UInt32 = 2
  static let headerBytes = 8 + 4 + 4 + 32
  static let entryBytes = 32 + 8 + 8 + 32
  static let maximumForms = 1 << 16
  private static let alignment = 64

  /// The forms by their keys.
  private(set) var entries: [[UInt8]: Entry] = [:]

  init() {}

  /// Reads a file's bytes, which may be anything. The forms themselves are not checked yet.
  ///
  /// - Throws: ``Rejection`` unless the index is undamaged, made for this key, and describes the whole file.
  init(_ file: SharedBytes, key: [UInt8]) throws(Rejection) {
    let span = file.span
    func bytes(_ offset: Int, _ count: Int) -> [UInt8] {
      (offset..<offset + count).map { unsafe span.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
    }
    guard file.count >= 8, bytes(0, 8) == Self.magic else { throw .notACache }
    guard file.count >= Self.headerBytes + 32 else { throw .truncated }
    let header = bytes(0, Self.headerBytes)
    let version: UInt32 = header.littleEndian(at: 8)
    guard version == Self.formatVersion else { throw .formatVersion(version) }
    let forms = Int(header.littleEndian(at: 12) as UInt32)
    let indexBytes = Self.headerBytes + forms * Self.entryBytes
    guard forms <= Self.maximumForms else { throw .damaged }
    guard file.count >= indexBytes + 32 else { throw .truncated }
    let index = bytes(0, indexBytes)
    guard SHA256.hash(index) == bytes(indexBytes, 32) else { throw .damaged }
    guard Array(header[16..<48]) == key else { throw .otherKey }
    var end = Self.aligned(indexBytes + 32)
    for number in 0..<forms {
      let place = Self.headerBytes + number * Self.entryBytes
      let offset: UInt64 = index.littleEndian(at: place + 32)
      let count: UInt64 = index.littleEndian(at: place + 40)
      guard offset == UInt64(end), count <= UInt64(file.count),
        let bytes = file.slice(offset: end, count: Int(count))
      else { throw end > file.count || count > UInt64(file.count) ? .truncated : .malformed }
      entries[Array(index[place..<place + 32])] = Entry(bytes: bytes, digest: Array(index[place + 48..<place + 80]))
      end = Self.aligned(end + Int(count)) + Self.alignment
    }
    guard file.count == end else { throw .truncated }
  }

  private static func aligned(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }

  mutating func add(_ entry: Entry, key: [UInt8]) { entries[key] = entry }

  mutating func remove(_ key: [UInt8]) { entries[key] = nil }

  /// The size of the file in bytes.
  var byteCount: Int {
    entries.values.reduce(Self.aligned(Self.headerBytes + entries.count * Self.entryBytes + 32)) {
      Self.aligned($0 + $1.bytes.count) + Self.alignment
    }
  }

  /// Writes the file.
  ///
  /// - Returns: what went wrong; nil when it is on the disk.
  func write(to path: String, key: [UInt8]) -> String? {
    guard entries.count <= Self.maximumForms else { return "too many packed weights" }
    // In an order that does not depend on the process, so that the same forms make the same file.
    let sorted = entries.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    var index = Self.magic
    index.append(littleEndian: Self.formatVersion)
    index.append(littleEndian: UInt32(sorted.count))
    index += key
    let first = Self.aligned(Self.headerBytes + sorted.count * Self.entryBytes + 32)
    var end = first
    for (key, entry) in sorted {
      index += key
      index.append(littleEndian: UInt64(end))
      index.append(littleEndian: UInt64(entry.bytes.count))
      index += entry.digest
      end = Self.aligned(end + entry.bytes.count) + Self.alignment
    }
    index += SHA256.hash(index)
    index += [UInt8](repeating: 0, count: first - index.count)
    return CacheFile.write(to: path) { file in
      guard unsafe file.append(index.span.bytes) else { return false }
      for (_, entry) in sorted {
        let padding = [UInt8](
          repeating: 0, count: Self.aligned(entry.bytes.count) - entry.bytes.count + Self.alignment)
        guard file.append(entry.bytes.span), unsafe file.append(padding.span.bytes) else { return false }
      }
      return true
    }
  }
}
