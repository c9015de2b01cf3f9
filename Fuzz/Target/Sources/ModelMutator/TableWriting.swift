internal import FlatBuffers

/// Puts a FlatBuffer together again, every table before what it refers to.
struct TableWriting {
  private var bytes: [UInt8] = []

  /// The buffer with `root` as its root and `identifier` in bytes 4 to 7. Ends with `tail`.
  static func write(_ root: TableTree, identifier: String, tail: [UInt8]) -> [UInt8] {
    var writing = TableWriting()
    writing.bytes = [0, 0, 0, 0] + Array(identifier.utf8)
    writing.patch(0, with: writing.append(root))
    writing.align(8)
    return writing.bytes + tail
  }

  private mutating func align(_ alignment: Int) {
    while bytes.count % alignment != 0 { bytes.append(0) }
  }

  private mutating func append(_ value: UInt64, size: Int) {
    for byte in 0..<size { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(byte)))) }
  }

  /// Makes the offset at `place` lead to `target`.
  private mutating func patch(_ place: Int, with target: Int) {
    for byte in 0..<4 { bytes[place + byte] = UInt8(truncatingIfNeeded: (target - place) >> (8 * byte)) }
  }

  /// Appends a table with all below it and answers its position.
  private mutating func append(_ table: TableTree) -> Int {
    func size(_ value: TableTree.Value) -> Int {
      if case .scalar(let size, _) = value { return size }
      return 4
    }
    let present = table.fields.indices.compactMap { slot in table.fields[slot].map { (slot: slot, value: $0) } }
    // Wide fields first, so that they need no padding.
    let order = present.sorted { (size($0.value), $1.slot) > (size($1.value), $0.slot) }
    align(8)
    let slots = (present.last?.slot ?? -1) + 1
    var vtable = [Int](repeating: 0, count: 2 + slots)
    // The table stands at a multiple of 8; its fields of 8 bytes begin 8 bytes behind.
    let isWide = order.first.map { size($0.value) } == 8
    var offset = isWide ? 8 : 4
    for (slot, value) in order {
      vtable[2 + slot] = offset
      offset += size(value)
    }
    vtable[0] = 2 * vtable.count
    vtable[1] = offset
    let vtablePosition = bytes.count
    for entry in vtable { append(UInt64(entry), size: 2) }
    align(8)
    let position = bytes.count
    append(UInt64(position - vtablePosition), size: 4)
    if isWide { append(0, size: 4) }
    for (_, value) in order {
      if case .scalar(let size, let bits) = value {
        append(bits, size: size)
      } else {
        append(0, size: 4)
      }
    }
    for (slot, value) in present { appendTarget(value, from: position + vtable[2 + slot]) }
    return position
  }

  private mutating func appendTarget(_ value: TableTree.Value, from place: Int) {
    switch value {
    case .scalar: break
    case .table(let child): patch(place, with: append(child))
    case .string(let text):
      align(4)
      patch(place, with: bytes.count)
      append(UInt64(text.count), size: 4)
      bytes += text + [0]
    case .vector(let size, let content):
      // Buffers begin at multiples of 16, their length before them.
      align(16)
      append(0, size: 12)
      patch(place, with: bytes.count)
      append(UInt64(content.count / size), size: 4)
      bytes += content
    case .tables(let tables):
      align(4)
      let position = bytes.count
      patch(place, with: position)
      append(UInt64(tables.count), size: 4)
      for _ in tables { append(0, size: 4) }
      for (index, child) in tables.enumerated() { patch(position + 4 + 4 * index, with: append(child)) }
    }
  }
}
