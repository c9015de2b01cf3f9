import FlatBuffers
import Kernels

/// A value of a map in the options of a custom operator.
public enum FlexBufferField: Sendable {
  case integer(Int64)
  case float(Double)
  case bool(Bool)
  case string(String)
  case integers([Int64])
}

/// The bytes of a FlexBuffer with a map, every value as wide as `width` bytes (4 or 8).
public func flexBufferMap(_ fields: [String: FlexBufferField], width: Int = 8) -> [UInt8] {
  var bytes: [UInt8] = []
  let code: UInt8 = width == 8 ? 3 : 2
  func put(_ value: UInt64) {
    for index in 0..<width { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
  }
  func pad() { while bytes.count % width != 0 { bytes.append(0) } }
  let sorted = fields.sorted { $0.key < $1.key }
  var keys: [Int] = []
  var places: [Int?] = []
  for (key, field) in sorted {
    keys.append(bytes.count)
    bytes += Array(key.utf8) + [0]
    pad()
    switch field {
    case .string(let text):
      put(UInt64(text.utf8.count))
      places.append(bytes.count)
      bytes += Array(text.utf8) + [0]
    case .integers(let values):
      put(UInt64(values.count))
      places.append(bytes.count)
      for value in values { put(UInt64(bitPattern: value)) }
    default: places.append(nil)
    }
    pad()
  }
  put(UInt64(sorted.count))
  let keyVector = bytes.count
  for key in keys { put(UInt64(bytes.count - key)) }
  put(UInt64(bytes.count - keyVector))
  put(UInt64(width))
  put(UInt64(sorted.count))
  let map = bytes.count
  var types: [UInt8] = []
  for ((_, field), place) in zip(sorted, places) {
    switch field {
    case .integer(let value):
      put(UInt64(bitPattern: value))
      types.append(1 << 2 | code)
    case .float(let value):
      put(width == 8 ? value.bitPattern : UInt64(Float(value).bitPattern))
      types.append(3 << 2 | code)
    case .bool(let value):
      put(value ? 1 : 0)
      types.append(26 << 2 | code)
    case .string:
      put(UInt64(bytes.count - (place ?? 0)))
      types.append(5 << 2 | code)
    case .integers:
      put(UInt64(bytes.count - (place ?? 0)))
      types.append(11 << 2 | code)
    }
  }
  bytes += types
  pad()
  put(UInt64(bytes.count - map))
  return bytes + [9 << 2 | code, UInt8(width)]
}

extension OperatorOptions {
  /// Options of a custom operator.
  public static func custom(_ bytes: [UInt8]) throws -> OperatorOptions {
    OperatorOptions(custom: try SharedBytes(copying: bytes.span.bytes))
  }

  /// Options of a custom operator in a FlexBuffer map.
  public static func flexBuffer(_ fields: [String: FlexBufferField], width: Int = 8) throws -> OperatorOptions {
    try custom(flexBufferMap(fields, width: width))
  }

  /// Options of a custom operator in a structure of C.
  public static func structure(_ fields: [Int32]) throws -> OperatorOptions {
    try custom(fields.withUnsafeBytes { Array($0) })
  }
}
