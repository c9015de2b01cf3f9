package import JSONText
package import TFLiteRuntime
package import TensorTypes

/// The elements of a JSON array, flat or nested, or of a single JSON value.
package struct JSONElements: Sendable {
  /// The elements in the order of the text, as a tensor of one dimension.
  package let tensor: Tensor
  /// The shape that the nesting spells out, empty for a single value; nil where parts of the same depth differ in length.
  package let shape: [Int]?

  package enum Failure: Error {
    case text(JSONError)
    /// More elements than were asked for.
    case tooMany
    /// The element type is not written in JSON.
    case noForm(ElementType)
  }

  /// Whether tensors of this type can be read from JSON and written to it.
  package static func represents(_ element: ElementType) -> Bool {
    switch element {
    case .float32, .float16, .float64, .int8, .uint8, .int16, .uint16, .int32, .uint32, .int64, .uint64, .bool, .string:
      true
    default: false
    }
  }

  /// Reads elements.
  ///
  /// - Parameters:
  ///   - range: the part of `bytes` that is the array or the value.
  ///   - maximumCount: with more elements, reading stops.
  package init(
    _ element: ElementType, _ bytes: [UInt8], range: Range<Int>, maximumCount: Int = .max
  ) throws(Failure) {
    var walk = ElementWalk(JSONReader(bytes, range: range), maximumCount: maximumCount)
    let tensor: Tensor?
    do throws(JSONError) {
      switch element {
      case .string:
        var strings: [[UInt8]] = []
        try walk.forEach { (reader) throws(JSONError) in strings.append(try reader.stringBytes()) }
        tensor = Tensor(strings: strings, shape: [strings.count])
      case .bool: tensor = try walk.values { (reader) throws(JSONError) in try reader.boolean() }
      case .uint8: tensor = try walk.values { (reader) throws(JSONError) in try reader.integer(UInt8.self) }
      case .uint16: tensor = try walk.values { (reader) throws(JSONError) in try reader.integer(UInt16.self) }
      case .uint32: tensor = try walk.values { (reader) throws(JSONError) in try reader.integer(UInt32.self) }
      case .uint64: tensor = try walk.values { (reader) throws(JSONError) in try reader.integer(UInt64.self) }
      case .int8: tensor = try walk.values { (reader) throws(JSONError) in try reader.integer(Int8.self) }
      case .int16: tensor = try walk.values { (reader) throws(JSONError) in try reader.integer(Int16.self) }
      case .int32: tensor = try walk.values { (reader) throws(JSONError) in try reader.integer(Int32.self) }
      case .int64: tensor = try walk.values { (reader) throws(JSONError) in try reader.integer(Int64.self) }
      case .float16: tensor = try walk.values { (reader) throws(JSONError) in Float16(try reader.real()) }
      case .float32: tensor = try walk.values { (reader) throws(JSONError) in Float(try reader.real()) }
      case .float64: tensor = try walk.values { (reader) throws(JSONError) in try reader.real() }
      default: throw JSONError("", at: -1)
      }
    } catch {
      throw error.offset < 0 ? .noForm(element) : .text(error)
    }
    guard let tensor, !walk.isOverfull else { throw .tooMany }
    self.tensor = tensor
    shape = walk.shape
  }
}

/// Walks over the elements of an array, and measures its nesting.
private struct ElementWalk {
  private var reader: JSONReader
  private let maximumCount: Int
  private(set) var isOverfull = false
  /// Of each depth, the length of its arrays, once one has ended.
  private var lengths: [Int?] = []
  private var elementDepth: Int?
  private var isRegular = true

  private static let maximumDepth = 64

  init(_ reader: JSONReader, maximumCount: Int) {
    self.reader = reader
    self.maximumCount = maximumCount
  }

  var shape: [Int]? {
    let lengths = lengths.compactMap(\.self)
    guard isRegular, lengths.count == self.lengths.count else { return nil }
    // Arrays below an empty one cannot be; elements lie at one depth, the lowest.
    return elementDepth.map { $0 == lengths.count } ?? true ? lengths : nil
  }

  mutating func values<T: TensorScalar>(
    _ element: (inout JSONReader) throws(JSONError) -> T
  ) throws(JSONError) -> Tensor? {
    var values: [T] = []
    // An element takes two characters at least.
    values.reserveCapacity(min(maximumCount, (reader.limit - reader.offset) / 2 + 1))
    try forEach { (reader) throws(JSONError) in values.append(try element(&reader)) }
    return Tensor(values, shape: [values.count])
  }

  mutating func forEach(_ element: (inout JSONReader) throws(JSONError) -> Void) throws(JSONError) {
    var found = 0
    // How many parts each open array has so far.
    var counts: [Int] = []
    repeat {
      if reader.take(UInt8(ascii: "[")) {
        if !counts.isEmpty { counts[counts.count - 1] += 1 }
        guard counts.count < Self.maximumDepth else {
          throw JSONError("nested more than \(Self.maximumDepth) deep", at: reader.offset)
        }
        counts.append(0)
        if lengths.count < counts.count { lengths.append(nil) }
        if !reader.take(UInt8(ascii: "]")) { continue }
        close(&counts)
      } else {
        guard found < maximumCount else {
          isOverfull = true
          return
        }
        try element(&reader)
        found += 1
        if !counts.isEmpty { counts[counts.count - 1] += 1 }
        if elementDepth == nil { elementDepth = counts.count }
        if elementDepth != counts.count { isRegular = false }
      }
      while !counts.isEmpty, !reader.take(UInt8(ascii: ",")) {
        guard reader.take(UInt8(ascii: "]")) else { throw JSONError("expected ',' or ']'", at: reader.offset) }
        close(&counts)
      }
    } while !counts.isEmpty
    try reader.finish()
  }

  private mutating func close(_ counts: inout [Int]) {
    let depth = counts.count - 1
    guard let count = counts.popLast() else { return }
    if let length = lengths[depth], length != count { isRegular = false }
    lengths[depth] = count
  }
}

extension JSONReader {
  fileprivate mutating func boolean() throws(JSONError) -> Bool {
    if takeWord("true") { return true }
    if takeWord("false") { return false }
    switch try number() {
    case .integer(0): return false
    case .integer(1): return true
    default: throw JSONError("expected true or false", at: offset)
    }
  }

  fileprivate mutating func real() throws(JSONError) -> Double {
    switch try number() {
    case .integer(let value): Double(value)
    case .unsigned(let value): Double(value)
    case .real(let value): value
    }
  }

  fileprivate mutating func integer<T: FixedWidthInteger>(_: T.Type) throws(JSONError) -> T {
    let place = offset
    let value: T? =
      switch try number() {
      case .integer(let value): T(exactly: value)
      case .unsigned(let value): T(exactly: value)
      // Some clients write integers as 1.0.
      case .real(let value): T(exactly: value)
      }
    guard let value else { throw JSONError("a number that is no \(T.self)", at: place) }
    return value
  }
}
