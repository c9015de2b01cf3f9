/// A value to be stored in a slot of a FlatBuffer table.
package indirect enum Stored {
  case int8(Int8)
  case int32(Int32)
  case uint32(UInt32)
  case uint64(UInt64)
  case bool(Bool)
  case string(String)
  case bytes([UInt8])
  case int32s([Int32])
  case int64s([Int64])
  case uint16s([UInt16])
  case floats([Float])
  case table([Int: Stored])
  case tables([[Int: Stored]])
}

/// Writes FlatBuffers for tests, plainly: every table has its own field list, every field is aligned to eight bytes.
package struct FlatBufferWriter {
  package private(set) var bytes: [UInt8]

  /// A buffer with this root table and file identifier.
  package static func write(_ root: [Int: Stored], identifier: String = "TFL3") -> [UInt8] {
    var writer = FlatBufferWriter(bytes: [0, 0, 0, 0] + Array(identifier.utf8))
    let position = writer.append(root)
    writer.put(UInt32(position), at: 0)
    return writer.bytes
  }

  private mutating func put<T: BitwiseCopyable>(_ value: T, at offset: Int) {
    withUnsafeBytes(of: value) { bytes.replaceSubrange(offset..<offset + MemoryLayout<T>.size, with: $0) }
  }

  /// Appends a table and what it refers to; answers its position.
  private mutating func append(_ fields: [Int: Stored]) -> Int {
    let slots = (fields.keys.max() ?? -1) + 1
    pad(to: 8)
    let vtable = bytes.count
    let vtableSize = 4 + 2 * slots
    bytes += [UInt8](repeating: 0, count: (vtableSize + 7) / 8 * 8)
    let table = bytes.count
    let tableSize = 8 + 8 * fields.count
    bytes += [UInt8](repeating: 0, count: tableSize)
    put(UInt16(vtableSize), at: vtable)
    put(UInt16(tableSize), at: vtable + 2)
    put(Int32(table - vtable), at: table)
    for (order, (slot, value)) in fields.sorted(by: { $0.key < $1.key }).enumerated() {
      let offset = 8 + 8 * order
      put(UInt16(offset), at: vtable + 4 + 2 * slot)
      store(value, at: table + offset)
    }
    return table
  }

  private mutating func store(_ value: Stored, at location: Int) {
    switch value {
    case .int8(let value): put(value, at: location)
    case .int32(let value): put(value, at: location)
    case .uint32(let value): put(value, at: location)
    case .uint64(let value): put(value, at: location)
    case .bool(let value): put(value ? 1 : 0 as UInt8, at: location)
    case .string(let value):
      refer(from: location, to: appendVector(Array(value.utf8)))
      bytes.append(0)
    case .bytes(let values): refer(from: location, to: appendVector(values))
    case .int32s(let values): refer(from: location, to: appendVector(values))
    case .int64s(let values): refer(from: location, to: appendVector(values))
    case .uint16s(let values): refer(from: location, to: appendVector(values))
    case .floats(let values): refer(from: location, to: appendVector(values))
    case .table(let fields): refer(from: location, to: append(fields))
    case .tables(let tables):
      let vector = appendVector([UInt32](repeating: 0, count: tables.count))
      refer(from: location, to: vector)
      for (index, fields) in tables.enumerated() {
        let entry = vector + 4 + 4 * index
        refer(from: entry, to: append(fields))
      }
    }
  }

  private mutating func refer(from location: Int, to target: Int) {
    put(UInt32(target - location), at: location)
  }

  private mutating func appendVector<T: BitwiseCopyable>(_ values: [T]) -> Int {
    // The elements, behind the count, are then aligned to eight.
    while bytes.count % 8 != 4 { bytes.append(0) }
    let position = bytes.count
    withUnsafeBytes(of: UInt32(values.count)) { bytes.append(contentsOf: $0) }
    values.withUnsafeBytes { bytes.append(contentsOf: $0) }
    return position
  }

  private mutating func pad(to alignment: Int) {
    while bytes.count % alignment != 0 { bytes.append(0) }
  }
}
