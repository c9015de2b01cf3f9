/// A value in a FlexBuffer: a number, a string, a vector, a map. Every access is checked against the buffer's bounds.
///
/// Nothing is trusted: an offset, width or length that leads outside the buffer is a ``FlatBufferError``, never a trap, and nothing is
/// followed that was not asked for, so a buffer whose parts contain each other does no harm.
/// Source: the FlexBuffers binary format ("FlatBuffers Schema-less version").
public struct FlexBuffer: Sendable {
  /// What a value is, by the number that the format stores.
  private enum Kind: UInt8 {
    case null = 0
    case integer = 1
    case unsigned = 2
    case float = 3
    case key = 4
    case string = 5
    case indirectInteger = 6
    case indirectUnsigned = 7
    case indirectFloat = 8
    case map = 9
    case vector = 10
    case integers = 11
    case unsignedIntegers = 12
    case floats = 13
    case keys = 14
    case strings = 15
    case integers2 = 16
    case unsigned2 = 17
    case floats2 = 18
    case integers3 = 19
    case unsigned3 = 20
    case floats3 = 21
    case integers4 = 22
    case unsigned4 = 23
    case floats4 = 24
    case blob = 25
    case bool = 26
    case bools = 36
  }

  private let bytes: SharedBytes?
  private let kind: Kind
  /// Where the value, or the offset that leads to it, is stored.
  private let position: Int
  /// Bytes of what is stored there.
  private let storedWidth: Int
  /// Bytes of each element of what an offset leads to.
  private let width: Int

  /// The value null, which is also what a map answers for a key that it does not have.
  public static let null = FlexBuffer(bytes: nil, kind: .null, position: 0, storedWidth: 1, width: 1)

  /// The root of a buffer. Null for an empty one.
  public init(rootOf bytes: SharedBytes) throws(FlatBufferError) {
    guard bytes.count > 0 else {
      self = .null
      return
    }
    let storedWidth = Int(try bytes.load(UInt8.self, at: bytes.count - 1))
    let packed = try bytes.load(UInt8.self, at: bytes.count - 2)
    try self.init(bytes: bytes, packed: packed, position: bytes.count - 2 - storedWidth, storedWidth: storedWidth)
  }

  private init(bytes: SharedBytes?, kind: Kind, position: Int, storedWidth: Int, width: Int) {
    self.bytes = bytes
    self.kind = kind
    self.position = position
    self.storedWidth = storedWidth
    self.width = width
  }

  /// - Parameter packed: the kind in the upper six bits, the width in the lower two.
  private init(bytes: SharedBytes, packed: UInt8, position: Int, storedWidth: Int) throws(FlatBufferError) {
    guard let kind = Kind(rawValue: packed >> 2), [1, 2, 4, 8].contains(storedWidth), position >= 0,
      position <= bytes.count - storedWidth
    else { throw .invalidOffset(at: position) }
    self.init(bytes: bytes, kind: kind, position: position, storedWidth: storedWidth, width: 1 << Int(packed & 3))
  }

  public var isNull: Bool { kind == .null }

  // MARK: Numbers

  private static func unsigned(_ bytes: SharedBytes, at position: Int, width: Int) throws(FlatBufferError) -> UInt64 {
    switch width {
    case 1: UInt64(try bytes.load(UInt8.self, at: position))
    case 2: UInt64(try bytes.load(UInt16.self, at: position))
    case 4: UInt64(try bytes.load(UInt32.self, at: position))
    default: try bytes.load(UInt64.self, at: position)
    }
  }

  private static func integer(_ bytes: SharedBytes, at position: Int, width: Int) throws(FlatBufferError) -> Int64 {
    switch width {
    case 1: Int64(try bytes.load(Int8.self, at: position))
    case 2: Int64(try bytes.load(Int16.self, at: position))
    case 4: Int64(try bytes.load(Int32.self, at: position))
    default: try bytes.load(Int64.self, at: position)
    }
  }

  private static func float(_ bytes: SharedBytes, at position: Int, width: Int) throws(FlatBufferError) -> Double {
    switch width {
    case 1: Double(try bytes.load(Int8.self, at: position))
    case 2: Self.double(half: try bytes.load(UInt16.self, at: position))
    case 4: Double(try bytes.load(Float.self, at: position))
    default: try bytes.load(Double.self, at: position)
    }
  }

  /// The value of an IEEE 754 half.
  private static func double(half bits: UInt16) -> Double {
    let magnitude: Double
    let fraction = Double(bits & 0x3FF)
    switch Int(bits >> 10) & 31 {
    case 0: magnitude = fraction * 0x1p-24
    case 31: magnitude = fraction == 0 ? .infinity : .nan
    case let exponent: magnitude = Double(sign: .plus, exponent: exponent - 25, significand: fraction + 1024)
    }
    return bits & 0x8000 == 0 ? magnitude : -magnitude
  }

  /// Where the stored offset leads.
  private func target() throws(FlatBufferError) -> (bytes: SharedBytes, position: Int) {
    guard let bytes else { throw .invalidOffset(at: position) }
    return (bytes, try Self.follow(bytes, position, width: storedWidth))
  }

  /// Offsets lead backwards.
  private static func follow(_ bytes: SharedBytes, _ position: Int, width: Int) throws(FlatBufferError) -> Int {
    let offset = try unsigned(bytes, at: position, width: width)
    guard offset > 0, offset <= UInt64(position) else { throw .invalidOffset(at: position) }
    return position - Int(offset)
  }

  /// The value as an integer: fractions are cut off, a number out of range becomes the nearest, null is 0, a vector its length.
  ///
  /// - Throws: ``FlatBufferError/invalidOffset(at:)`` for damaged bytes and for strings, which hold no number.
  public func integer() throws(FlatBufferError) -> Int64 {
    guard let bytes else { return 0 }
    switch kind {
    case .null: return 0
    case .integer: return try Self.integer(bytes, at: position, width: storedWidth)
    case .unsigned, .bool: return Int64(clamping: try Self.unsigned(bytes, at: position, width: storedWidth))
    case .float: return Self.integer(of: try Self.float(bytes, at: position, width: storedWidth))
    case .indirectInteger: return try Self.integer(bytes, at: try target().position, width: width)
    case .indirectUnsigned: return Int64(clamping: try Self.unsigned(bytes, at: try target().position, width: width))
    case .indirectFloat: return Self.integer(of: try Self.float(bytes, at: try target().position, width: width))
    case .key, .string, .blob: throw .invalidOffset(at: position)
    default: return Int64(try vector().count)
    }
  }

  private static func integer(of value: Double) -> Int64 {
    if value.isNaN { return 0 }
    if value >= 0x1p63 { return .max }
    return value <= -0x1p63 ? .min : Int64(value)
  }

  /// The value as a floating-point number; see ``integer()``.
  public func double() throws(FlatBufferError) -> Double {
    guard let bytes else { return 0 }
    switch kind {
    case .float: return try Self.float(bytes, at: position, width: storedWidth)
    case .indirectFloat: return try Self.float(bytes, at: try target().position, width: width)
    case .unsigned: return Double(try Self.unsigned(bytes, at: position, width: storedWidth))
    case .indirectUnsigned: return Double(try Self.unsigned(bytes, at: try target().position, width: width))
    default: return Double(try integer())
    }
  }

  /// Whether the value is a number other than 0.
  public func bool() throws(FlatBufferError) -> Bool {
    guard let bytes else { return false }
    if kind == .bool { return try Self.unsigned(bytes, at: position, width: storedWidth) != 0 }
    return try integer() != 0
  }

  // MARK: Text

  /// The text of a string or key; nil for other values.
  ///
  /// - Throws: ``FlatBufferError`` when it is cut off or not UTF-8.
  public func string() throws(FlatBufferError) -> String? {
    let range: Range<Int>
    switch kind {
    case .string:
      let (bytes, start) = try target()
      let count = try Self.unsigned(bytes, at: start - width, width: width)
      guard count <= UInt64(bytes.count - start) else {
        throw .vectorOutOfBounds(at: start, count: Int(clamping: count))
      }
      range = start..<start + Int(count)
    case .key:
      let (bytes, start) = try target()
      range = start..<(try Self.end(ofKey: bytes, at: start))
    default: return nil
    }
    guard let bytes else { return nil }
    let text = unsafe String(
      validating: UnsafeRawBufferPointer(start: bytes.baseAddress + range.lowerBound, count: range.count), as: UTF8.self
    )
    guard let text else { throw .invalidOffset(at: range.lowerBound) }
    return text
  }

  /// Where the zero byte behind a key is.
  private static func end(ofKey bytes: SharedBytes, at start: Int) throws(FlatBufferError) -> Int {
    var end = start
    while try bytes.load(UInt8.self, at: end) != 0 { end += 1 }
    return end
  }

  // MARK: Vectors and maps

  /// The elements of a vector, or the values of a map in the order of its keys; empty for other values.
  public func vector() throws(FlatBufferError) -> [FlexBuffer] {
    let element: Kind
    var count: UInt64?
    switch kind {
    case .map, .vector: element = .null
    case .integers: element = .integer
    case .unsignedIntegers: element = .unsigned
    case .floats: element = .float
    case .keys: element = .key
    case .strings: element = .string
    case .bools: element = .bool
    case .integers2, .integers3, .integers4: (element, count) = (.integer, UInt64(kind.rawValue - 16) / 3 + 2)
    case .unsigned2, .unsigned3, .unsigned4: (element, count) = (.unsigned, UInt64(kind.rawValue - 16) / 3 + 2)
    case .floats2, .floats3, .floats4: (element, count) = (.float, UInt64(kind.rawValue - 16) / 3 + 2)
    default: return []
    }
    let (bytes, start) = try target()
    let stored: UInt64
    if let count { stored = count } else { stored = try Self.unsigned(bytes, at: start - width, width: width) }
    // Elements of maps and vectors have a byte each behind them that says what they are.
    let isTyped = element != .null
    let room = UInt64(bytes.count - start) / UInt64(isTyped ? width : width + 1)
    guard stored <= room else { throw .vectorOutOfBounds(at: start, count: Int(clamping: stored)) }
    let size = Int(stored)
    var result: [FlexBuffer] = []
    result.reserveCapacity(size)
    for index in 0..<size {
      let place = start + index * width
      if isTyped {
        result.append(FlexBuffer(bytes: bytes, kind: element, position: place, storedWidth: width, width: 1))
      } else {
        let packed = try bytes.load(UInt8.self, at: start + size * width + index)
        result.append(try FlexBuffer(bytes: bytes, packed: packed, position: place, storedWidth: width))
      }
    }
    return result
  }

  /// The value that a map has for a key; null when it has none, and for values that are no map.
  public subscript(key: String) -> FlexBuffer {
    get throws(FlatBufferError) {
      guard kind == .map else { return .null }
      let (bytes, start) = try target()
      let keyWidth = Int(clamping: try Self.unsigned(bytes, at: start - 2 * width, width: width))
      guard [1, 2, 4, 8].contains(keyWidth) else { throw .invalidOffset(at: start - 2 * width) }
      let keys = try Self.follow(bytes, start - 3 * width, width: width)
      let count = try Self.unsigned(bytes, at: start - width, width: width)
      guard try Self.unsigned(bytes, at: keys - keyWidth, width: keyWidth) == count,
        count <= UInt64(bytes.count - keys) / UInt64(keyWidth), count <= UInt64(bytes.count - start) / UInt64(width + 1)
      else { throw .vectorOutOfBounds(at: start, count: Int(clamping: count)) }
      for index in 0..<Int(count) {
        let name = try Self.follow(bytes, keys + index * keyWidth, width: keyWidth)
        guard try Self.isKey(key, bytes, at: name) else { continue }
        let packed = try bytes.load(UInt8.self, at: start + Int(count) * width + index)
        return try FlexBuffer(bytes: bytes, packed: packed, position: start + index * width, storedWidth: width)
      }
      return .null
    }
  }

  private static func isKey(_ key: String, _ bytes: SharedBytes, at start: Int) throws(FlatBufferError) -> Bool {
    var place = start
    for byte in key.utf8 {
      guard try bytes.load(UInt8.self, at: place) == byte else { return false }
      place += 1
    }
    return try bytes.load(UInt8.self, at: place) == 0
  }
}
