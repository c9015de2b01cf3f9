internal import Glibc
internal import TFLiteRuntime

/// Choices in a folder, one file for each key. Files appear complete or not at all; one that does not fit, for whatever reason, is as good as none.
///
/// A file, little-endian: `TFLATUNE` (8 bytes); format version (4); key (32); length of the record (8); the record; SHA-256 of everything before (32).
struct TuningCache {
  /// Why a file is not used.
  enum Rejection: Error, Equatable, CustomStringConvertible {
    case notAChoice
    case truncated
    case damaged
    case formatVersion(UInt32)
    case otherKey
    case malformedRecord

    var description: String {
      switch self {
      case .notAChoice: "not a choice of this delegate"
      case .truncated: "shorter or longer than it says"
      case .damaged: "damaged"
      case .formatVersion(let version): "format version \(version)"
      case .otherKey: "made for another model, processor, version or other options"
      case .malformedRecord: "its record does not fit the model"
      }
    }
  }

  static let magic = Array("TFLATUNE".utf8)
  static let formatVersion: UInt32 = 1
  static let headerBytes = 8 + 4 + 32 + 8
  /// Files with more are not read.
  static let maximumBytes = 16 << 20

  let directory: String
  let log: AutomaticLog

  func path(_ key: [UInt8]) -> String {
    let name = Array(key.prefix(16)).hexadecimal
    return "\(directory)/\(name).tuning"
  }

  static func file(_ record: TuningRecord, _ key: [UInt8]) -> [UInt8] {
    let payload = record.bytes
    var bytes = magic
    bytes.append(littleEndian: formatVersion)
    bytes += key
    bytes.append(littleEndian: UInt64(payload.count))
    bytes += payload
    return bytes + SHA256.hash(bytes)
  }

  static func record(_ bytes: [UInt8], _ key: [UInt8], operatorCounts: [Int]) throws(Rejection) -> TuningRecord {
    guard bytes.count >= 8, Array(bytes[..<8]) == magic else { throw .notAChoice }
    guard bytes.count >= headerBytes + 32 else { throw .truncated }
    let length: UInt64 = bytes.littleEndian(at: headerBytes - 8)
    guard length == UInt64(bytes.count - headerBytes - 32) else { throw .truncated }
    guard SHA256.hash(Array(bytes.dropLast(32))) == Array(bytes.suffix(32)) else { throw .damaged }
    let version: UInt32 = bytes.littleEndian(at: 8)
    guard version == formatVersion else { throw .formatVersion(version) }
    guard Array(bytes[12..<44]) == key else { throw .otherKey }
    guard
      let record = TuningRecord(Array(bytes[headerBytes..<bytes.count - 32]), operatorCounts: operatorCounts)
    else { throw .malformedRecord }
    return record
  }

  /// The choice for a key; nil when there is none that fits.
  func record(_ key: [UInt8], for model: Model) -> TuningRecord? {
    let path = path(key)
    guard let bytes = Self.read(path) else { return nil }
    do throws(Rejection) {
      let record = try Self.record(bytes, key, operatorCounts: model.subgraphs.map(\.nodes.count))
      log.add(.recalled(path: path))
      return record
    } catch {
      log.add(.rejected(path: path, reason: error.description))
      return nil
    }
  }

  func write(_ record: TuningRecord, _ key: [UInt8]) {
    let path = path(key)
    if let problem = CacheFile.write(Self.file(record, key), to: path) {
      log.add(.notWritten(path: path, reason: problem))
    } else {
      log.add(.written(path: path))
    }
  }

  /// Runs `body` while no other process measures for this folder, as far as that can be had: those that measure at the same time disturb each
  /// other. Waits at most `patience`. The lock ends with the process that has it.
  func locked<R>(for patience: Duration, _ body: () -> R) -> R {
    CacheFile.createDirectory(directory)
    let folder = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { if folder >= 0 { close(folder) } }
    let clock = ContinuousClock()
    let end = clock.now + patience
    while folder >= 0, flock(folder, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK || errno == EINTR, clock.now < end {
      usleep(10_000)
    }
    return body()
  }

  private static func read(_ path: String) -> [UInt8]? {
    guard let bytes = CacheFile.read(path, limit: maximumBytes), bytes.count <= maximumBytes else { return nil }
    return bytes
  }
}
