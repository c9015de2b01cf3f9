internal import TFLiteRuntime

/// A compiled partition as it stands in a file.
///
/// Layout, little endian: 8 bytes `TFLACTX` and a zero; format version (4); architecture (4); SHA-256 of the model's content (32), of the options
/// (32), and of the partition with its shapes and constants (32); length of the payload (8) and its SHA-256 (32); SHA-256 of everything before
/// (32); the payload.
struct ContextBinary: Equatable {
  /// Everything that a compiled partition depends on.
  struct Key: Equatable {
    let architecture: Architecture
    let model: [UInt8]
    let options: [UInt8]
    let partition: [UInt8]
  }

  /// Why a file is not used.
  enum Rejection: Error, Equatable, CustomStringConvertible {
    case notAContext
    case truncated
    case damagedHeader
    case formatVersion(UInt32)
    case architecture(UInt32)
    case otherModel
    case otherOptions
    case otherPartition
    case damagedPayload
    case malformedPayload

    var description: String {
      switch self {
      case .notAContext: "not a context binary"
      case .truncated: "shorter or longer than its header says"
      case .damagedHeader: "its header is damaged"
      case .formatVersion(let version): "format version \(version)"
      case .architecture(let architecture): "made for Hexagon v\(architecture)"
      case .otherModel: "made from another model"
      case .otherOptions: "made with other options"
      case .otherPartition: "made for other operators, shapes or constants"
      case .damagedPayload: "its content is damaged"
      case .malformedPayload: "its content is not what the partition needs"
      }
    }
  }

  static let magic: [UInt8] = Array("TFLACTX".utf8) + [0]
  static let formatVersion: UInt32 = 1
  static let headerBytes = 8 + 4 + 4 + 32 * 3 + 8 + 32 + 32

  let key: Key
  let payload: [UInt8]

  var bytes: [UInt8] {
    var header = Self.magic
    header.append(littleEndian: Self.formatVersion)
    header.append(littleEndian: UInt32(key.architecture.rawValue))
    header += key.model + key.options + key.partition
    header.append(littleEndian: UInt64(payload.count))
    header += SHA256.hash(payload)
    header += SHA256.hash(header)
    return header + payload
  }

  /// Reads a file's bytes, which may be anything.
  ///
  /// - Throws: ``Rejection`` unless they are complete, undamaged, and made for exactly this key.
  init(_ bytes: [UInt8], for key: Key) throws(Rejection) {
    guard bytes.count >= 8, Array(bytes[..<8]) == Self.magic else { throw .notAContext }
    guard bytes.count >= Self.headerBytes else { throw .truncated }
    func part(_ offset: Int, _ count: Int) -> [UInt8] { Array(bytes[offset..<offset + count]) }
    let checksum = Self.headerBytes - 32
    guard SHA256.hash(part(0, checksum)) == part(checksum, 32) else { throw .damagedHeader }
    let version: UInt32 = bytes.littleEndian(at: 8)
    guard version == Self.formatVersion else { throw .formatVersion(version) }
    let architecture: UInt32 = bytes.littleEndian(at: 12)
    guard architecture == UInt32(key.architecture.rawValue) else { throw .architecture(architecture) }
    guard part(16, 32) == key.model else { throw .otherModel }
    guard part(48, 32) == key.options else { throw .otherOptions }
    guard part(80, 32) == key.partition else { throw .otherPartition }
    let length: UInt64 = bytes.littleEndian(at: 112)
    guard length == UInt64(bytes.count - Self.headerBytes) else { throw .truncated }
    let payload = Array(bytes[Self.headerBytes...])
    guard SHA256.hash(payload) == part(120, 32) else { throw .damagedPayload }
    self.key = key
    self.payload = payload
  }

  init(key: Key, payload: [UInt8]) {
    self.key = key
    self.payload = payload
  }
}
