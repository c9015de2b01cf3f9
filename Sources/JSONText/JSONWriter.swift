/// Writes JSON into bytes, without a tree in between. The caller keeps the order of calls right; commas are set here.
package struct JSONWriter {
  package private(set) var bytes: [UInt8] = []
  private var needsComma = false

  package init() {}

  package mutating func reserve(_ count: Int) { bytes.reserveCapacity(bytes.count + count) }

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = true
  }

  package mutating func object(_ body: (inout JSONWriter) -> Void) { bracket("{", "}", body) }
  package mutating func array(_ body: (inout JSONWriter) -> Void) { bracket("[", "]", body) }

  private mutating func bracket(_ open: Unicode.Scalar, _ close: Unicode.Scalar, _ body: (inout JSONWriter) -> Void) {
    separate()
    bytes.append(UInt8(ascii: open))
    needsComma = false
    body(&self)
    bytes.append(UInt8(ascii: close))
    needsComma = true
  }

  /// A member's name; its value must follow.
  package mutating func name(_ name: String) {
    string(name)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  package mutating func string(_ text: String) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 { escaped(byte) }
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func escaped(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"):
      bytes.append(UInt8(ascii: "\\"))
      bytes.append(byte)
    case 0x0A: bytes += Array("\\n".utf8)
    case 0x0D: bytes += Array("\\r".utf8)
    case 0x09: bytes += Array("\\t".utf8)
    case 0..<0x20:
      let digits = String(byte, radix: 16)
      bytes += Array("\\u00".utf8)
      if digits.utf8.count == 1 { bytes.append(UInt8(ascii: "0")) }
      bytes += Array(digits.utf8)
    default: bytes.append(byte)
    }
  }

  package mutating func integer(_ value: some BinaryInteger) {
    separate()
    bytes += Array(String(value).utf8)
  }

  /// A number. Those that JSON lacks are written as Python does: `NaN`, `Infinity`, `-Infinity`.
  package mutating func number(_ value: some BinaryFloatingPoint & CustomStringConvertible) {
    separate()
    if value.isFinite {
      bytes += Array(value.description.utf8)
    } else {
      bytes += Array((value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity").utf8)
    }
  }

  package mutating func bool(_ value: Bool) {
    separate()
    bytes += Array((value ? "true" : "false").utf8)
  }

  /// A value that is JSON already.
  package mutating func raw(_ text: [UInt8]) {
    separate()
    bytes += text
  }

  package mutating func null() {
    separate()
    bytes += Array("null".utf8)
  }

  package mutating func member(_ name: String, _ value: String) {
    self.name(name)
    string(value)
  }

  package mutating func member(_ name: String, _ value: Bool) {
    self.name(name)
    bool(value)
  }

  package mutating func member(_ name: String, _ value: some BinaryInteger) {
    self.name(name)
    integer(value)
  }

  package mutating func member(_ name: String, _ value: Double) {
    self.name(name)
    number(value)
  }

  package mutating func member(_ name: String, strings: [String]) {
    self.name(name)
    array { writer in for value in strings { writer.string(value) } }
  }

  package mutating func member(_ name: String, integers: [Int]) {
    self.name(name)
    array { writer in for value in integers { writer.integer(value) } }
  }

  /// One object, such as an error.
  package static func object(_ body: (inout JSONWriter) -> Void) -> [UInt8] {
    var writer = JSONWriter()
    writer.object(body)
    return writer.bytes
  }
}
