/// What a field of a FlatBuffer table holds, for writing one.
package indirect enum FlatBufferValue: Sendable {
  /// The slots of a table.
  package typealias Fields = [Int: FlatBufferValue]

  /// The little-endian bytes of a number of 1, 2, 4 or 8 bytes.
  case scalar([UInt8])
  /// A string's bytes, without the zero behind them.
  case string([UInt8])
  /// The little-endian bytes of a vector of numbers.
  case vector([UInt8], elementSize: Int)
  /// A vector of bytes that readers use in place; aligned to 16 bytes.
  case bytes(SharedBytes)
  case table(Fields)
  case tables([Fields])

  /// A number.
  package static func number<T: FixedWidthInteger>(_ value: T) -> FlatBufferValue {
    .scalar(unsafe withUnsafeBytes(of: value.littleEndian) { unsafe Array($0) })
  }

  /// A vector of numbers.
  package static func numbers<T: FixedWidthInteger>(_ values: [T]) -> FlatBufferValue {
    .vector(
      values.flatMap { value in unsafe withUnsafeBytes(of: value.littleEndian) { unsafe Array($0) } },
      elementSize: MemoryLayout<T>.size)
  }

  /// A string.
  package static func text(_ text: String) -> FlatBufferValue { .string(Array(text.utf8)) }
}

extension FlatBufferTable {
  /// All that `schema` knows of this table, which is of its kind `kind`. Values of union members that the schema does not have are left out, with
  /// their type.
  package func fields(_ kind: Int, of schema: FlatBufferSchema) throws(FlatBufferError) -> FlatBufferValue.Fields {
    var result: FlatBufferValue.Fields = [:]
    for (slot, field) in schema.tables[kind].fields.enumerated() where try hasField(slot) {
      switch field {
      case .scalar(let size): result[slot] = .scalar(try scalarBytes(slot, size: size))
      case .string: result[slot] = .string(try vector(slot, of: UInt8.self)?.array() ?? [])
      case .vector(let size): result[slot] = .vector(try vectorBytes(slot, elementSize: size), elementSize: size)
      case .bytes: result[slot] = try data(slot).map { .bytes($0) }
      case .table(let member): result[slot] = .table(try table(slot)?.fields(member, of: schema) ?? [:])
      case .union(let union):
        let type = Int(try uint8(slot - 1))
        guard type > 0, type <= schema.unions[union].count, let table = try table(slot) else {
          result[slot - 1] = nil
          continue
        }
        result[slot] = .table(try table.fields(schema.unions[union][type - 1], of: schema))
      case .tables(let member):
        guard let tables = try tables(slot) else { continue }
        var values: [FlatBufferValue.Fields] = []
        for index in 0..<tables.count { values.append(try tables.table(index).fields(member, of: schema)) }
        result[slot] = .tables(values)
      }
    }
    return result
  }

  private func scalarBytes(_ slot: Int, size: Int) throws(FlatBufferError) -> [UInt8] {
    guard let location = try location(of: slot, size: size) else { return [UInt8](repeating: 0, count: size) }
    var bytes: [UInt8] = []
    for index in 0..<size { bytes.append(try self.bytes.load(UInt8.self, at: location + index)) }
    return bytes
  }

  private func vectorBytes(_ slot: Int, elementSize: Int) throws(FlatBufferError) -> [UInt8] {
    func bytes<T: FixedWidthInteger & Sendable & BitwiseCopyable>(_ type: T.Type) throws(FlatBufferError) -> [UInt8] {
      guard let values = try vector(slot, of: type)?.array() else { return [] }
      return unsafe values.withUnsafeBytes { unsafe Array($0) }
    }
    return switch elementSize {
    case 1: try bytes(UInt8.self)
    case 2: try bytes(UInt16.self)
    case 4: try bytes(UInt32.self)
    default: try bytes(UInt64.self)
    }
  }
}
