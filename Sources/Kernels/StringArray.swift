public import FlatBuffers
public import TensorTypes

/// The value of a string tensor: byte strings in row-major order.
///
/// ``bytes`` has TFLite's layout: the number of strings, where each begins and where the last ends (32-bit, offsets from the value's start), then the
/// characters. Immutable; safe to use from several threads.
public struct StringArray: Sendable {
  public let bytes: SharedBytes
  /// The number of strings.
  public let count: Int

  /// The strings in `bytes`.
  ///
  /// - Throws: `malformed` when an offset leads outside, or runs backwards.
  public init(_ bytes: SharedBytes) throws(OperatorError) {
    let span = bytes.span
    guard bytes.count >= 8 else {
      throw .malformed("a string tensor of \(bytes.count) bytes has no room for its header")
    }
    let count = Int(unsafe span.unsafeLoadUnaligned(fromByteOffset: 0, as: Int32.self))
    guard count >= 0, count <= (bytes.count - 8) / 4 else {
      throw .malformed("\(count) strings do not fit in \(bytes.count) bytes")
    }
    var previous = 4 * (count + 2)
    for index in 0...count {
      let offset = Int(unsafe span.unsafeLoadUnaligned(fromByteOffset: 4 * (index + 1), as: Int32.self))
      guard offset >= previous, offset <= bytes.count else {
        throw .malformed("string \(index) begins at \(offset), outside \(previous) to \(bytes.count)")
      }
      previous = offset
    }
    self.bytes = bytes
    self.count = count
  }

  /// The strings in a copy of `bytes`.
  ///
  /// - Throws: `malformed`, `outOfMemory`.
  public init(copying bytes: RawSpan) throws(OperatorError) {
    let copy: SharedBytes
    do { copy = try SharedBytes(copying: bytes) } catch { throw .outOfMemory(bytes: bytes.byteCount) }
    try self.init(copy)
  }

  /// These strings.
  ///
  /// - Throws: `outOfMemory` when all together do not fit in 2 GiB or in memory.
  public init(_ strings: [[UInt8]]) throws(OperatorError) {
    var builder = StringArrayBuilder()
    for string in strings { try builder.append(string) }
    self = try builder.finish()
  }

  fileprivate init(unchecked bytes: SharedBytes, count: Int) {
    self.bytes = bytes
    self.count = count
  }

  /// No strings.
  public static func empty() throws(OperatorError) -> StringArray { try StringArrayBuilder().finish() }

  /// The characters of string `index`; none where there is no such string.
  public subscript(index: Int) -> Span<UInt8> {
    @_lifetime(borrow self)
    get {
      guard index >= 0, index < count else { return Span() }
      let span = bytes.span
      let start = Int(unsafe span.unsafeLoadUnaligned(fromByteOffset: 4 * (index + 1), as: Int32.self))
      let end = Int(unsafe span.unsafeLoadUnaligned(fromByteOffset: 4 * (index + 2), as: Int32.self))
      let string = Span<UInt8>(_bytes: span.extracting(start..<end))
      return unsafe _overrideLifetime(string, borrowing: self)
    }
  }

  /// String `index` by value.
  public func string(_ index: Int) -> [UInt8] {
    let string = self[index]
    var result: [UInt8] = []
    result.reserveCapacity(string.count)
    for i in string.indices { result.append(string[i]) }
    return result
  }

  /// A copy of ``bytes``.
  public var layout: [UInt8] { unsafe Array(UnsafeRawBufferPointer(start: bytes.baseAddress, count: bytes.count)) }

  /// The strings by value.
  public var strings: [[UInt8]] { (0..<count).map(string) }
}

/// Collects the strings of a ``StringArray``.
public struct StringArrayBuilder: Sendable {
  private var ends: [Int] = []
  private var characters: [UInt8] = []

  public init() {}

  /// Adds one string.
  ///
  /// - Throws: `outOfMemory` when all strings together no longer fit in the 2 GiB that the layout can address.
  public mutating func append(_ string: [UInt8]) throws(OperatorError) {
    let total = characters.count + string.count + 4 * (ends.count + 3)
    guard total <= Int32.max else { throw .outOfMemory(bytes: total) }
    characters += string
    ends.append(characters.count)
  }

  /// The strings that were added, in order.
  ///
  /// - Throws: `outOfMemory`.
  public func finish() throws(OperatorError) -> StringArray {
    let header = 4 * (ends.count + 2)
    let total = header + characters.count
    let bytes = try unsafe SharedBytes.make(count: total) { (_: SharedBytesError) -> OperatorError in
      .outOfMemory(bytes: total)
    } fill: { buffer throws(OperatorError) in
      unsafe buffer.storeBytes(of: Int32(ends.count), toByteOffset: 0, as: Int32.self)
      unsafe buffer.storeBytes(of: Int32(header), toByteOffset: 4, as: Int32.self)
      for (index, end) in ends.enumerated() {
        unsafe buffer.storeBytes(of: Int32(header + end), toByteOffset: 4 * (index + 2), as: Int32.self)
      }
      unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[header...]).copyBytes(from: characters)
    }
    return StringArray(unchecked: bytes, count: ends.count)
  }
}

/// Where the value of one string tensor is kept while a model runs. Belongs to one interpreter.
package final class StringCell {
  package var value: StringArray

  package init(_ value: StringArray) { self.value = value }
}

extension OperandSlot {
  /// A copy of the value: a tensor's bytes, or those of its strings in TFLite's layout.
  package var contents: [UInt8] {
    let strings = stringArray?.bytes
    return unsafe Array(
      UnsafeRawBufferPointer(
        start: strings?.baseAddress ?? UnsafeRawPointer(address), count: strings?.count ?? byteCount))
  }

  /// The value of a string tensor; nil for other tensors.
  package var stringArray: StringArray? {
    unsafe strings.map { cell in unsafe cell.takeUnretainedValue().value }
  }

  /// Sets the value of a string tensor.
  ///
  /// - Throws: `malformed` when the slot is of another type.
  package func setStringArray(_ value: StringArray) throws(OperatorError) {
    guard let cell = unsafe strings else { throw .malformed("the tensor does not hold strings") }
    unsafe cell.takeUnretainedValue().value = value
  }
}
