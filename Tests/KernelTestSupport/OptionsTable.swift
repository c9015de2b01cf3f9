import FlatBuffers
import Kernels

/// A field of an options table, to be stored in a slot.
public enum OptionsField {
  case int8(Int8)
  case int32(Int32)
  case int64(Int64)
  case float(Float)
  case bool(Bool)
  case int32s([Int32])
  case int64s([Int64])
  case floats([Float])
  case string(String)
  case data([UInt8])
}

extension OperatorOptions {
  /// Options with these fields stored, written as a FlatBuffer table.
  public static func table(_ fields: [Int: OptionsField]) throws -> OperatorOptions {
    let slots = (fields.keys.max() ?? -1) + 1
    let vtableStart = 8
    let vtableSize = 4 + 2 * slots
    let tableStart = (vtableStart + vtableSize + 7) / 8 * 8
    // Every field takes eight bytes, which keeps all of them aligned.
    let tableSize = 8 + 8 * fields.count
    var bytes = [UInt8](repeating: 0, count: tableStart + tableSize)
    func put<T: BitwiseCopyable>(_ value: T, at offset: Int) {
      withUnsafeBytes(of: value) { bytes.replaceSubrange(offset..<offset + MemoryLayout<T>.size, with: $0) }
    }
    put(UInt32(tableStart), at: 0)
    put(UInt16(vtableSize), at: vtableStart)
    put(UInt16(tableSize), at: vtableStart + 2)
    put(Int32(tableStart - vtableStart), at: tableStart)
    for (order, (slot, field)) in fields.sorted(by: { $0.key < $1.key }).enumerated() {
      let offset = 8 + 8 * order
      put(UInt16(offset), at: vtableStart + 4 + 2 * slot)
      let location = tableStart + offset
      func append<T: BitwiseCopyable>(_ vector: [T]) {
        while bytes.count % 8 != 4 { bytes.append(0) }
        put(UInt32(bytes.count - location), at: location)
        withUnsafeBytes(of: UInt32(vector.count)) { bytes.append(contentsOf: $0) }
        vector.withUnsafeBytes { bytes.append(contentsOf: $0) }
      }
      switch field {
      case .int8(let value): put(value, at: location)
      case .int32(let value): put(value, at: location)
      case .int64(let value): put(value, at: location)
      case .float(let value): put(value, at: location)
      case .bool(let value): put(value ? 1 : 0 as UInt8, at: location)
      case .int32s(let values): append(values)
      case .int64s(let values): append(values)
      case .floats(let values): append(values)
      case .string(let value): append(Array(value.utf8))
      case .data(let values): append(values)
      }
    }
    let shared = try SharedBytes(copying: bytes.span.bytes)
    return OperatorOptions(table: try FlatBufferTable(rootOf: shared))
  }
}
