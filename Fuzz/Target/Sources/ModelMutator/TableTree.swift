internal import FlatBuffers

/// A table of a FlatBuffer, taken out of the buffer so that anything in it can be changed.
final class TableTree {
  enum Value {
    /// A number, in its lowest bytes.
    case scalar(size: Int, bits: UInt64)
    /// Numbers of `size` bytes each.
    case vector(size: Int, bytes: [UInt8])
    case string([UInt8])
    case table(TableTree)
    case tables([TableTree])
  }

  /// The table's index in the schema.
  let kind: Int
  /// nil for absent fields. As many as the schema knows.
  var fields: [Value?]

  init(kind: Int) {
    self.kind = kind
    fields = Array(repeating: nil, count: SchemaStructure.schema.tables[kind].fields.count)
  }

  /// A copy that shares nothing with this one.
  func copy() -> TableTree {
    let copy = TableTree(kind: kind)
    copy.fields = fields.map { value in
      switch value {
      case .table(let table): .table(table.copy())
      case .tables(let tables): .tables(tables.map { $0.copy() })
      default: value
      }
    }
    return copy
  }

  // MARK: Fields by meaning

  func number(_ slot: Int, default other: Int = 0) -> Int {
    guard case .scalar(let size, let bits) = fields[slot] else { return other }
    switch size {
    case 1: return Int(UInt8(truncatingIfNeeded: bits))
    case 4: return Int(Int32(truncatingIfNeeded: bits))
    default: return Int(Int64(bitPattern: bits))
    }
  }

  func set(_ slot: Int, _ value: Int) {
    guard case .scalar(let size) = SchemaStructure.schema.tables[kind].fields[slot] else { return }
    fields[slot] = .scalar(size: size, bits: UInt64(bitPattern: Int64(value)))
  }

  /// A vector of 32-bit numbers.
  var isEmpty: Bool { fields.allSatisfy { $0 == nil } }

  func numbers(_ slot: Int) -> [Int32] {
    guard case .vector(4, let bytes) = fields[slot] else { return [] }
    return stride(from: 0, to: bytes.count - 3, by: 4).map { start in
      Int32(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << (8 * UInt32($1)) })
    }
  }

  func set(_ slot: Int, _ values: [Int32]) {
    fields[slot] = .vector(
      size: 4,
      bytes: values.flatMap { value in
        (0..<4).map { UInt8(truncatingIfNeeded: UInt32(bitPattern: value) >> (8 * UInt32($0))) }
      })
  }

  func tables(_ slot: Int) -> [TableTree] {
    if case .tables(let tables) = fields[slot] { return tables }
    return []
  }

  func bytes(_ slot: Int) -> [UInt8]? {
    if case .vector(_, let bytes) = fields[slot] { return bytes }
    return nil
  }

  /// This table and all below it.
  func forEach(_ body: (TableTree) -> Void) {
    body(self)
    for value in fields {
      switch value {
      case .table(let table): table.forEach(body)
      case .tables(let tables): for table in tables { table.forEach(body) }
      default: break
      }
    }
  }
}
