/// Writes a FlatBuffer: tables from the front to the back, each before what it refers to.
///
/// Source: the FlatBuffers binary format ("FlatBuffer Internals").
package struct FlatBufferWriter {
  private var bytes: [UInt8]

  /// A buffer with this root table and file identifier, which has four bytes; nil where it would be larger than its offsets reach, 2^31 - 1 bytes.
  package static func write(_ root: FlatBufferValue.Fields, identifier: String) -> [UInt8]? {
    guard size(.table(root)) < 1 << 31 else { return nil }
    var writer = FlatBufferWriter(bytes: [0, 0, 0, 0] + identifier.utf8)
    let position = writer.append(root)
    writer.put(UInt32(truncatingIfNeeded: position), at: 0)
    return writer.bytes.count < 1 << 31 ? writer.bytes : nil
  }

  /// At least what a value takes, up to alignment.
  private static func size(_ value: FlatBufferValue) -> Int {
    switch value {
    case .scalar(let bytes), .string(let bytes), .vector(let bytes, _): bytes.count
    case .bytes(let bytes): bytes.count
    case .table(let fields): fields.values.reduce(8) { $0 &+ size($1) }
    case .tables(let tables): tables.reduce(4) { $0 &+ size(.table($1)) }
    }
  }

  private mutating func put<T: FixedWidthInteger>(_ value: T, at offset: Int) {
    unsafe withUnsafeBytes(of: value.littleEndian) { source in
      for index in 0..<source.count { bytes[offset + index] = unsafe source[index] }
    }
  }

  private mutating func pad(to alignment: Int, remainder: Int = 0) {
    while bytes.count & (alignment - 1) != remainder { bytes.append(0) }
  }

  /// Appends a table, the list of its fields before it, and what it refers to behind it; answers its position.
  private mutating func append(_ fields: FlatBufferValue.Fields) -> Int {
    // The largest first: with the table at a multiple of eight, none then needs padding but before the first.
    let order = fields.map { (slot: $0.key, value: $0.value, size: $0.value.inlineSize) }
      .sorted { ($1.size, $0.slot) < ($0.size, $1.slot) }
    let slots = (fields.keys.max() ?? -1) + 1
    let vtableSize = 4 + 2 * slots
    pad(to: 8, remainder: -vtableSize & 6)
    let vtable = bytes.count
    bytes += [UInt8](repeating: 0, count: vtableSize)
    pad(to: 8)
    let table = bytes.count
    var tableSize = order.first?.size == 8 ? 8 : 4
    var locations: [(FlatBufferValue, Int)] = []
    for field in order {
      put(UInt16(truncatingIfNeeded: tableSize), at: vtable + 4 + 2 * field.slot)
      locations.append((field.value, table + tableSize))
      tableSize += field.size
    }
    bytes += [UInt8](repeating: 0, count: tableSize)
    put(UInt16(truncatingIfNeeded: vtableSize), at: vtable)
    put(UInt16(truncatingIfNeeded: tableSize), at: vtable + 2)
    put(Int32(truncatingIfNeeded: table - vtable), at: table)
    for (value, location) in locations { store(value, at: location) }
    return table
  }

  private mutating func store(_ value: FlatBufferValue, at location: Int) {
    switch value {
    case .scalar(let stored):
      for (index, byte) in stored.enumerated() { bytes[location + index] = byte }
    case .string(let text):
      refer(from: location, to: appendVector(count: text.count, alignment: 4))
      bytes += text
      bytes.append(0)
    case .vector(let elements, let elementSize):
      refer(from: location, to: appendVector(count: elements.count / elementSize, alignment: max(elementSize, 4)))
      bytes += elements
    case .bytes(let shared):
      refer(from: location, to: appendVector(count: shared.count, alignment: 16))
      unsafe shared.span.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    case .table(let fields):
      refer(from: location, to: append(fields))
    case .tables(let tables):
      let vector = appendVector(count: tables.count, alignment: 4)
      refer(from: location, to: vector)
      bytes += [UInt8](repeating: 0, count: 4 * tables.count)
      for (index, fields) in tables.enumerated() { refer(from: vector + 4 + 4 * index, to: append(fields)) }
    }
  }

  private mutating func refer(from location: Int, to target: Int) {
    put(UInt32(truncatingIfNeeded: target - location), at: location)
  }

  /// Appends the count of a vector whose elements, which are to follow, are then aligned; answers its position.
  private mutating func appendVector(count: Int, alignment: Int) -> Int {
    pad(to: alignment, remainder: alignment - 4)
    let position = bytes.count
    bytes += [0, 0, 0, 0]
    put(UInt32(truncatingIfNeeded: count), at: position)
    return position
  }
}

extension FlatBufferValue {
  /// The bytes that the value takes in its table.
  fileprivate var inlineSize: Int {
    if case .scalar(let bytes) = self { bytes.count } else { 4 }
  }
}
