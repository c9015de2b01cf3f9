/// Little-endian numbers read one after the other; every read is checked.
struct LittleEndianRecord {
  private let bytes: ArraySlice<UInt8>
  private(set) var position: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  var remaining: Int { bytes.endIndex - position }

  mutating func take(_ count: Int) throws(Problem) -> ArraySlice<UInt8> {
    guard count >= 0, count <= remaining else { throw Problem(message: "its zip structure ends early") }
    defer { position += count }
    return bytes[position..<position + count]
  }

  mutating func uint16() throws(Problem) -> UInt16 {
    UInt16(truncatingIfNeeded: try unsigned(2))
  }

  mutating func uint32() throws(Problem) -> UInt32 {
    UInt32(truncatingIfNeeded: try unsigned(4))
  }

  mutating func uint64() throws(Problem) -> UInt64 {
    try unsigned(8)
  }

  private mutating func unsigned(_ size: Int) throws(Problem) -> UInt64 {
    try take(size).reversed().reduce(0) { (value, byte) in value << 8 | UInt64(byte) }
  }
}

extension [UInt8] {
  /// Appends a number, little-endian.
  mutating func append(littleEndian value: some FixedWidthInteger) {
    var rest = value
    for _ in 0..<(type(of: value).bitWidth / 8) {
      append(UInt8(truncatingIfNeeded: rest))
      rest >>= 8
    }
  }
}
