/// The grammar of an `.npy` header: a Python dictionary literal with exactly the keys `descr` (a string),
/// `fortran_order` (True or False) and `shape` (a tuple of integers), in any order.
struct NumpyHeaderParser {
  struct Fields {
    var descriptor: [UInt8]
    var isFortranOrder: Bool
    var shape: [Int]
  }

  private let bytes: [UInt8]
  private var position = 0

  init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  mutating func parse() throws(Problem) -> Fields {
    var descriptor: [UInt8]?
    var isFortranOrder: Bool?
    var shape: [Int]?
    try expect("{")
    while !skip("}") {
      let key = String(decoding: try string(), as: UTF8.self)
      try expect(":")
      switch key {
      case "descr" where descriptor == nil:
        if peek() == UInt8(ascii: "[") {
          throw Problem(reason: .unsupported, message: "it has a structured dtype, which is not supported")
        }
        descriptor = try string()
      case "fortran_order" where isFortranOrder == nil: isFortranOrder = try boolean()
      case "shape" where shape == nil: shape = try tuple()
      case "descr", "fortran_order", "shape": throw malformed("the key '\(key)' twice")
      default: throw malformed("the unknown key '\(key)'")
      }
      if !skip(",") {
        try expect("}")
        break
      }
    }
    guard peek() == nil else { throw malformed("text after the dictionary") }
    guard let descriptor else { throw malformed("no key 'descr'") }
    guard let isFortranOrder else { throw malformed("no key 'fortran_order'") }
    guard let shape else { throw malformed("no key 'shape'") }
    return Fields(descriptor: descriptor, isFortranOrder: isFortranOrder, shape: shape)
  }

  // MARK: Values

  private mutating func string() throws(Problem) -> [UInt8] {
    guard let quote = peek(), quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
      throw malformed("no string at offset \(position)")
    }
    let start = position + 1
    guard let end = bytes[start...].firstIndex(of: quote) else { throw malformed("an unfinished string") }
    let content = bytes[start..<end]
    // An escape or a line break would need a full Python parser; NumPy writes neither.
    guard content.allSatisfy({ (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "\\") }) else {
      throw malformed("a string with characters that no dtype has")
    }
    position = end + 1
    return Array(content)
  }

  private mutating func boolean() throws(Problem) -> Bool {
    _ = peek()
    for (word, value) in [("True", true), ("False", false)] where bytes[position...].starts(with: word.utf8) {
      position += word.utf8.count
      return value
    }
    throw malformed("a 'fortran_order' that is neither True nor False")
  }

  private mutating func tuple() throws(Problem) -> [Int] {
    var values: [Int] = []
    try expect("(")
    while !skip(")") {
      guard values.count < NumpyHeader.maximumRank else {
        throw malformed("a shape of more than \(NumpyHeader.maximumRank) axes")
      }
      values.append(try integer())
      if !skip(",") {
        try expect(")")
        guard values.count != 1 else { throw malformed("a shape that is a number, not a tuple") }
        break
      }
    }
    return values
  }

  private mutating func integer() throws(Problem) -> Int {
    if peek() == UInt8(ascii: "-") {
      throw malformed("a negative dimension")
    }
    let start = position
    var value = 0
    while position < bytes.count, (0x30...0x39).contains(bytes[position]) {
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(Int(bytes[position] - 0x30))
      guard !overflow, !carry else { throw malformed("a dimension that is too large") }
      value = sum
      position += 1
    }
    guard position > start, position == start + 1 || bytes[start] != 0x30 else {
      throw malformed("a dimension that is not a decimal number")
    }
    // Python 2 wrote long integers as `3L`.
    if position < bytes.count, bytes[position] == UInt8(ascii: "L") {
      position += 1
    }
    return value
  }

  // MARK: Characters

  /// The next byte that is not white space, without taking it.
  private mutating func peek() -> UInt8? {
    while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) {
      position += 1
    }
    return position < bytes.count ? bytes[position] : nil
  }

  private mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard peek() == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(Problem) {
    guard skip(character) else { throw malformed("no '\(character)' at offset \(position)") }
  }

  private func malformed(_ what: String) -> Problem {
    Problem(message: "its array header has \(what)")
  }
}
