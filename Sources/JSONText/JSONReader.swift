/// Reads JSON (RFC 8259) from bytes, within bounds on depth and on the number of values, so that a document cannot take much more memory
/// than its text. `NaN`, `Infinity` and `-Infinity` are taken as numbers, since Python writes them.
package struct JSONReader {
  package let bytes: [UInt8]
  package internal(set) var offset: Int
  private let end: Int
  package var limit: Int { end }
  private let maximumDepth: Int
  private var valuesLeft: Int

  /// - Parameters:
  ///   - range: the part of the bytes that is the document; nil for all.
  ///   - maximumValues: how many values ``value(unread:)`` may make.
  package init(_ bytes: [UInt8], range: Range<Int>? = nil, maximumDepth: Int = 64, maximumValues: Int = 100_000) {
    self.bytes = bytes
    let range = (range ?? 0..<bytes.count).clamped(to: 0..<bytes.count)
    offset = range.lowerBound
    end = range.upperBound
    self.maximumDepth = maximumDepth
    valuesLeft = maximumValues
  }

  /// The document.
  ///
  /// - Parameter unread: members with these names are checked but left as ``JSONValue/unread(_:)``.
  package static func document(
    _ bytes: [UInt8], range: Range<Int>? = nil, unread: Set<String> = [], maximumDepth: Int = 64
  ) throws(JSONError) -> JSONValue {
    var reader = JSONReader(bytes, range: range, maximumDepth: maximumDepth)
    let value = try reader.value(unread: unread)
    try reader.finish()
    return value
  }

  /// Checks that nothing but white space is left.
  package mutating func finish() throws(JSONError) {
    skipSpace()
    guard offset == end else { throw JSONError("unexpected text after the document", at: offset) }
  }

  // MARK: Tokens

  package mutating func skipSpace() {
    while offset < end {
      switch bytes[offset] {
      case 0x20, 0x09, 0x0A, 0x0D: offset += 1
      default: return
      }
    }
  }

  /// The first byte of the next token, which stays; nil at the end.
  package mutating func peek() -> UInt8? {
    skipSpace()
    return offset < end ? bytes[offset] : nil
  }

  /// Takes `byte` when it is next.
  package mutating func take(_ byte: UInt8) -> Bool {
    guard peek() == byte else { return false }
    offset += 1
    return true
  }

  private mutating func expect(_ byte: UInt8, _ what: String) throws(JSONError) {
    guard take(byte) else { throw JSONError("expected \(what)", at: offset) }
  }

  package mutating func takeWord(_ word: StaticString) -> Bool {
    skipSpace()
    let count = word.utf8CodeUnitCount
    guard end - offset >= count else { return false }
    for index in 0..<count {
      guard unsafe word.utf8Start[index] == bytes[offset + index] else { return false }
    }
    offset += count
    return true
  }

  // MARK: Values

  package mutating func value(unread: Set<String> = []) throws(JSONError) -> JSONValue {
    try value(unread: unread, depth: 0)
  }

  private mutating func value(unread: Set<String>, depth: Int) throws(JSONError) -> JSONValue {
    guard depth < maximumDepth else { throw JSONError("nested more than \(maximumDepth) deep", at: offset) }
    valuesLeft -= 1
    guard valuesLeft >= 0 else { throw JSONError("too many values", at: offset) }
    switch peek() {
    case UInt8(ascii: "{"): return try object(unread: unread, depth: depth)
    case UInt8(ascii: "["): return try array(unread: unread, depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): if takeWord("true") { return .bool(true) }
    case UInt8(ascii: "f"): if takeWord("false") { return .bool(false) }
    case UInt8(ascii: "n"): if takeWord("null") { return .null }
    case nil: throw JSONError("the document ends too early", at: offset)
    default:
      switch try number() {
      case .integer(let value): return .integer(value)
      case .unsigned(let value): return .number(Double(value))
      case .real(let value): return .number(value)
      }
    }
    throw JSONError("not a value", at: offset)
  }

  private mutating func object(unread: Set<String>, depth: Int) throws(JSONError) -> JSONValue {
    offset += 1
    var members: [JSONValue.Member] = []
    var names = Set<String>()
    if take(UInt8(ascii: "}")) { return .object([]) }
    repeat {
      guard peek() == UInt8(ascii: "\"") else { throw JSONError("expected a name", at: offset) }
      let place = offset
      let name = try string()
      guard names.insert(name).inserted else { throw JSONError("'\(name)' appears twice", at: place) }
      try expect(UInt8(ascii: ":"), "':'")
      if unread.contains(name) {
        skipSpace()
        let start = offset
        try skip()
        members.append(.init(name, .unread(start..<offset)))
      } else {
        members.append(.init(name, try value(unread: unread, depth: depth + 1)))
      }
    } while take(UInt8(ascii: ","))
    try expect(UInt8(ascii: "}"), "',' or '}'")
    return .object(members)
  }

  private mutating func array(unread: Set<String>, depth: Int) throws(JSONError) -> JSONValue {
    offset += 1
    var values: [JSONValue] = []
    if take(UInt8(ascii: "]")) { return .array([]) }
    repeat { values.append(try value(unread: unread, depth: depth + 1)) } while take(UInt8(ascii: ","))
    try expect(UInt8(ascii: "]"), "',' or ']'")
    return .array(values)
  }

  /// Passes over one value: brackets and strings are matched; what is inside is read by whoever wants the value.
  private mutating func skip() throws(JSONError) {
    var open: [UInt8] = []
    repeat {
      guard let byte = peek() else { throw JSONError("the document ends too early", at: offset) }
      switch byte {
      case UInt8(ascii: "["), UInt8(ascii: "{"):
        guard open.count < maximumDepth else { throw JSONError("nested more than \(maximumDepth) deep", at: offset) }
        open.append(byte &+ 2)
        offset += 1
      case UInt8(ascii: "]"), UInt8(ascii: "}"):
        guard open.popLast() == byte else { throw JSONError("unexpected bracket", at: offset) }
        offset += 1
      case UInt8(ascii: "\""):
        try skipString()
      case UInt8(ascii: ","), UInt8(ascii: ":"):
        guard !open.isEmpty else { throw JSONError("expected a value", at: offset) }
        offset += 1
      default:
        let start = offset
        while offset < end, Self.isWordByte(bytes[offset]) { offset += 1 }
        guard offset > start else { throw JSONError("unexpected character", at: offset) }
      }
    } while !open.isEmpty
  }

  private static func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
      true
    default: false
    }
  }

  private mutating func skipString() throws(JSONError) {
    let start = offset
    offset += 1
    while offset < end {
      switch bytes[offset] {
      case UInt8(ascii: "\\"): offset += 2
      case UInt8(ascii: "\""):
        offset += 1
        return
      default: offset += 1
      }
    }
    offset = end
    throw JSONError("a string does not end", at: start)
  }
}
