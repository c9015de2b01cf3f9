/// Checks the structure of a whole FlatBuffer before anything in it is used: offsets, table layouts, vector extents, alignment and
/// string terminators, everywhere that the schema leads.
///
/// Source: the FlatBuffers binary format ("FlatBuffer Internals").
public struct FlatBufferVerifier {
  private let bytes: SharedBytes
  private let schema: FlatBufferSchema
  private var budget: Int

  /// Checks `bytes`, whose root is the table `root` of `schema`.
  ///
  /// Many offsets may lead to one table, so a small buffer can stand for a huge tree. The check stops when tables and copied vectors
  /// together cost more than four times the buffer's size; a buffer that passes can therefore be read in time and memory proportional
  /// to its size. The schema must not be recursive.
  ///
  /// - Throws: the first damage found.
  public static func verify(_ bytes: SharedBytes, as schema: FlatBufferSchema, root: Int) throws(FlatBufferDamage) {
    let (budget, overflow) = bytes.count.multipliedReportingOverflow(by: 4)
    var verifier = FlatBufferVerifier(bytes: bytes, schema: schema, budget: overflow ? Int.max : budget + 4096)
    let position: Int
    do {
      position = try bytes.follow(0)
    } catch {
      throw FlatBufferDamage(error)
    }
    try verifier.verifyTable(root, at: position)
  }

  private mutating func charge(_ cost: Int, at position: Int) throws(FlatBufferError) {
    budget -= cost
    guard budget >= 0 else { throw .tooManyReferences(at: position) }
  }

  private mutating func verifyTable(_ kind: Int, at position: Int) throws(FlatBufferDamage) {
    let description = schema.tables[kind]
    let table: FlatBufferTable
    do {
      try charge(description.cost, at: position)
      try align(position, 4)
      table = try FlatBufferTable(bytes: bytes, position: position)
      try align(table.vtable, 2)
    } catch {
      throw FlatBufferDamage(error)
    }
    for slot in description.fields.indices {
      do throws(FlatBufferError) {
        if try verifyFlatField(description.fields[slot], slot, of: table) { continue }
      } catch {
        throw FlatBufferDamage(error).inside(description.name(slot))
      }
      try verifyNestedField(description.fields[slot], slot, of: table, name: description.name(slot))
    }
  }

  private func align(_ position: Int, _ alignment: Int) throws(FlatBufferError) {
    guard position & (alignment - 1) == 0 else { throw .misaligned(at: position, alignment: alignment) }
  }

  /// Checks a field that leads to no table. Answers false for the others.
  private mutating func verifyFlatField(_ field: FlatBufferSchema.Field, _ slot: Int, of table: FlatBufferTable)
    throws(FlatBufferError) -> Bool
  {
    switch field {
    case .scalar(let size):
      if let location = try table.location(of: slot, size: size) { try align(location, size) }
      return true
    case .string:
      guard let text = try vector(slot, of: table, elementSize: 1) else { return true }
      try charge(text.count, at: text.start)
      guard try bytes.load(UInt8.self, at: text.start + text.count) == 0 else {
        throw .unterminatedString(at: text.start)
      }
      return true
    case .vector(let elementSize):
      guard let vector = try vector(slot, of: table, elementSize: elementSize) else { return true }
      try charge(vector.count * elementSize, at: vector.start)
      return true
    case .bytes:
      _ = try vector(slot, of: table, elementSize: 1)
      return true
    case .table, .tables, .union:
      return false
    }
  }

  /// Checks the table or tables that a field leads to.
  private mutating func verifyNestedField(
    _ field: FlatBufferSchema.Field, _ slot: Int, of table: FlatBufferTable, name: String
  ) throws(FlatBufferDamage) {
    var kind = 0
    var start = 0
    // nil for a single table.
    var count: Int?
    do throws(FlatBufferError) {
      switch field {
      case .table(let member):
        guard let target = try reference(slot, of: table) else { return }
        (kind, start) = (member, target)
      case .union(let union):
        let type = Int(try table.uint8(slot - 1))
        let members = schema.unions[union]
        // A member from a newer schema cannot be checked, and is not read either.
        guard type > 0, type <= members.count, let target = try reference(slot, of: table) else { return }
        (kind, start) = (members[type - 1], target)
      case .tables(let member):
        guard let vector = try vector(slot, of: table, elementSize: 4) else { return }
        (kind, start, count) = (member, vector.start, vector.count)
      case .scalar, .string, .vector, .bytes:
        return
      }
    } catch {
      throw FlatBufferDamage(error).inside(name)
    }
    guard let count else {
      do {
        return try verifyTable(kind, at: start)
      } catch {
        throw error.inside(name)
      }
    }
    for index in 0..<count {
      do {
        try verifyElement(kind, offsetAt: start + 4 * index)
      } catch {
        throw error.inside(name, index: index)
      }
    }
  }

  private mutating func verifyElement(_ kind: Int, offsetAt location: Int) throws(FlatBufferDamage) {
    let target: Int
    do {
      target = try bytes.follow(location)
    } catch {
      throw FlatBufferDamage(error)
    }
    try verifyTable(kind, at: target)
  }

  /// Where the offset in a slot leads; nil when the field is absent.
  private func reference(_ slot: Int, of table: FlatBufferTable) throws(FlatBufferError) -> Int? {
    guard let location = try table.location(of: slot, size: 4) else { return nil }
    try align(location, 4)
    return try bytes.follow(location)
  }

  private func vector(_ slot: Int, of table: FlatBufferTable, elementSize: Int) throws(FlatBufferError)
    -> (start: Int, count: Int)?
  {
    guard let position = try reference(slot, of: table) else { return nil }
    try align(position, 4)
    let count = Int(try bytes.load(UInt32.self, at: position))
    // At most 2^32 elements of 8 bytes: no overflow.
    guard count * elementSize <= bytes.count - position - 4 else {
      throw .vectorOutOfBounds(at: position, count: count)
    }
    return (position + 4, count)
  }
}
