internal import Glibc

extension JSONReader {
  package enum Number {
    case integer(Int64)
    /// Above what ``integer(_:)`` holds.
    case unsigned(UInt64)
    case real(Double)
  }

  /// A number. Integers that do not fit in 64 bits, and those with a fraction or exponent, are real.
  package mutating func number() throws(JSONError) -> Number {
    skipSpace()
    let start = offset
    if takeWord("NaN") { return .real(.nan) }
    let isNegative = take(UInt8(ascii: "-"))
    if takeWord("Infinity") { return .real(isNegative ? -.infinity : .infinity) }
    var magnitude: UInt64 = 0
    var isExact = true
    var digits = 0
    let first = offset
    while let digit = digit() {
      offset += 1
      digits += 1
      let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
      if overflow || carry { isExact = false }
      magnitude = sum
    }
    guard digits > 0 else { throw JSONError("not a value", at: start) }
    guard digits == 1 || bytes[first] != UInt8(ascii: "0") else {
      throw JSONError("a number begins with 0", at: start)
    }
    var isReal = false
    if here == UInt8(ascii: ".") {
      isReal = true
      offset += 1
      try skipDigits()
    }
    if here == UInt8(ascii: "e") || here == UInt8(ascii: "E") {
      isReal = true
      offset += 1
      if here == UInt8(ascii: "+") || here == UInt8(ascii: "-") { offset += 1 }
      try skipDigits()
    }
    if !isReal, isExact {
      if !isNegative { return magnitude <= Int64.max ? .integer(Int64(magnitude)) : .unsigned(magnitude) }
      if magnitude <= UInt64(Int64.max) + 1 { return .integer(Int64(truncatingIfNeeded: 0 &- magnitude)) }
    }
    return .real(try real(start..<offset))
  }

  private var here: UInt8? { offset < limit ? bytes[offset] : nil }

  private func digit() -> UInt8? {
    guard let byte = here, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
    return byte - UInt8(ascii: "0")
  }

  private mutating func skipDigits() throws(JSONError) {
    guard digit() != nil else { throw JSONError("expected a digit", at: offset) }
    while digit() != nil { offset += 1 }
  }

  private func real(_ range: Range<Int>) throws(JSONError) -> Double {
    // Long enough for every number that anybody means; the text must end with a zero for strtod.
    guard range.count < 400 else { throw JSONError("a number of \(range.count) characters", at: range.lowerBound) }
    return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 400) { buffer in
      for (index, byte) in bytes[range].enumerated() { unsafe buffer[index] = CChar(truncatingIfNeeded: byte) }
      unsafe buffer[range.count] = 0
      guard let start = buffer.baseAddress else { return 0 }
      return unsafe strtod(start, nil)
    }
  }

  /// A string.
  package mutating func string() throws(JSONError) -> String {
    let place = offset
    guard let text = String(validating: try stringBytes(), as: UTF8.self) else {
      throw JSONError("a string is not UTF-8", at: place)
    }
    return text
  }

  /// The bytes of a string, with escapes resolved.
  package mutating func stringBytes() throws(JSONError) -> [UInt8] {
    guard take(UInt8(ascii: "\"")) else { throw JSONError("expected a string", at: offset) }
    let start = offset
    var result: [UInt8] = []
    var copied = offset
    while let byte = here {
      switch byte {
      case UInt8(ascii: "\""):
        result += bytes[copied..<offset]
        offset += 1
        return result
      case UInt8(ascii: "\\"):
        result += bytes[copied..<offset]
        offset += 1
        try escape(into: &result)
        copied = offset
      case 0..<0x20: throw JSONError("a control character in a string", at: offset)
      default: offset += 1
      }
    }
    throw JSONError("a string does not end", at: start)
  }

  private mutating func escape(into result: inout [UInt8]) throws(JSONError) {
    guard let byte = here else { throw JSONError("a string does not end", at: offset) }
    offset += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(byte)
    case UInt8(ascii: "b"): result.append(0x08)
    case UInt8(ascii: "f"): result.append(0x0C)
    case UInt8(ascii: "n"): result.append(0x0A)
    case UInt8(ascii: "r"): result.append(0x0D)
    case UInt8(ascii: "t"): result.append(0x09)
    case UInt8(ascii: "u"):
      var value = try hexadecimal()
      if (0xD800..<0xDC00).contains(value), here == UInt8(ascii: "\\"), offset + 1 < limit,
        bytes[offset + 1] == UInt8(ascii: "u")
      {
        offset += 2
        let low = try hexadecimal()
        guard (0xDC00..<0xE000).contains(low) else { throw JSONError("half of a surrogate pair", at: offset) }
        value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(value) else { throw JSONError("half of a surrogate pair", at: offset) }
      result += Array(String(scalar).utf8)
    default: throw JSONError("an unknown escape", at: offset - 1)
    }
  }

  private mutating func hexadecimal() throws(JSONError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = here, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw JSONError("expected four hexadecimal digits", at: offset)
      }
      value = value << 4 | UInt32(digit)
      offset += 1
    }
    return value
  }
}
