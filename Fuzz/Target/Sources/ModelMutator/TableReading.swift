internal import FlatBuffers

/// Takes a FlatBuffer apart. Forgiving: what is damaged is left out.
struct TableReading {
  let bytes: [UInt8]
  /// Tables that may still be read: many offsets may lead to one table.
  private var budget = 4000

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The root table; nil when there is none.
  mutating func root(_ kind: Int) -> TableTree? {
    guard let position = follow(0) else { return nil }
    return table(kind, at: position)
  }

  private func load(_ position: Int, _ size: Int) -> UInt64? {
    guard position >= 0, position <= bytes.count - size else { return nil }
    return (0..<size).reduce(0) { $0 | UInt64(bytes[position + $1]) << (8 * UInt64($1)) }
  }

  private func follow(_ position: Int) -> Int? { load(position, 4).map { position + Int($0) } }

  private mutating func table(_ kind: Int, at position: Int) -> TableTree? {
    budget -= 1
    guard budget > 0, let back = load(position, 4) else { return nil }
    let vtable = position - Int(Int32(truncatingIfNeeded: back))
    guard let length = load(vtable, 2) else { return nil }
    let result = TableTree(kind: kind)
    let fields = SchemaStructure.schema.tables[kind].fields
    for slot in fields.indices where 4 + 2 * slot + 2 <= Int(length) {
      guard let offset = load(vtable + 4 + 2 * slot, 2), offset > 0 else { continue }
      result.fields[slot] = value(fields[slot], slot, of: result, at: position + Int(offset))
    }
    return result
  }

  private mutating func value(
    _ field: FlatBufferSchema.Field, _ slot: Int, of table: TableTree, at position: Int
  ) -> TableTree.Value? {
    if case .scalar(let size) = field { return load(position, size).map { .scalar(size: size, bits: $0) } }
    guard let target = follow(position) else { return nil }
    func vector(_ size: Int) -> [UInt8]? {
      guard let count = load(target, 4), Int(count) <= (bytes.count - target - 4) / size else { return nil }
      return Array(bytes[target + 4..<target + 4 + Int(count) * size])
    }
    switch field {
    case .scalar: return nil
    case .string: return vector(1).map { .string($0) }
    case .bytes: return vector(1).map { .vector(size: 1, bytes: $0) }
    case .vector(let size): return vector(size).map { .vector(size: size, bytes: $0) }
    case .table(let kind): return self.table(kind, at: target).map { .table($0) }
    case .union(let union):
      let members = SchemaStructure.schema.unions[union]
      let type = table.number(slot - 1)
      guard type > 0, type <= members.count else { return nil }
      return self.table(members[type - 1], at: target).map { .table($0) }
    case .tables(let kind):
      guard let count = load(target, 4), Int(count) <= (bytes.count - target - 4) / 4 else { return nil }
      var tables: [TableTree] = []
      for index in 0..<Int(count) {
        guard let element = follow(target + 4 + 4 * index), let table = self.table(kind, at: element) else { continue }
        tables.append(table)
      }
      return .tables(tables)
    }
  }
}
