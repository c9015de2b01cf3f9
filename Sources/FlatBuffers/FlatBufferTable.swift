/// A table in a FlatBuffer, read with every access checked against the buffer's bounds.
///
/// Fields are named by their slot number, which is their position in the schema. A slot that is absent reads as its default.
/// Nothing is trusted: an offset or length that leads outside the buffer is a ``FlatBufferError``, never a trap.
/// Source: the FlatBuffers binary format ("FlatBuffer Internals").
public struct FlatBufferTable: Sendable {
  public let bytes: SharedBytes
  /// Where the table starts in `bytes`.
  public let position: Int
  let vtable: Int
  private let vtableSize: Int
  private let tableSize: Int

  /// The root table of a buffer.
  public init(rootOf bytes: SharedBytes) throws(FlatBufferError) {
    let offset = try bytes.load(UInt32.self, at: 0)
    guard offset >= 4 else { throw .invalidOffset(at: 0) }
    try self.init(bytes: bytes, position: Int(offset))
  }

  init(bytes: SharedBytes, position: Int) throws(FlatBufferError) {
    let distance = try bytes.load(Int32.self, at: position)
    let vtable = position - Int(distance)
    guard vtable >= 0, vtable <= bytes.count - 4 else { throw .invalidVirtualTable(at: position) }
    let vtableSize = Int(try bytes.load(UInt16.self, at: vtable))
    let tableSize = Int(try bytes.load(UInt16.self, at: vtable + 2))
    guard vtableSize >= 4, vtableSize % 2 == 0, vtable <= bytes.count - vtableSize else {
      throw .invalidVirtualTable(at: position)
    }
    guard tableSize >= 4, position <= bytes.count - tableSize else { throw .invalidVirtualTable(at: position) }
    self.bytes = bytes
    self.position = position
    self.vtable = vtable
    self.vtableSize = vtableSize
    self.tableSize = tableSize
  }

  /// Where the field of a slot is stored, with room for `size` bytes; nil when the field is absent.
  func location(of slot: Int, size: Int) throws(FlatBufferError) -> Int? {
    let entry = 4 + 2 * slot
    guard slot >= 0, entry + 2 <= vtableSize else { return nil }
    let offset = Int(try bytes.load(UInt16.self, at: vtable + entry))
    guard offset != 0 else { return nil }
    guard offset >= 4, offset + size <= tableSize else { throw .invalidField(slot: slot, at: position) }
    return position + offset
  }

  /// Whether the field is stored, rather than left at its default.
  public func hasField(_ slot: Int) throws(FlatBufferError) -> Bool {
    try location(of: slot, size: 1) != nil
  }

  private func scalar<T: BitwiseCopyable>(_ slot: Int, _ defaultValue: T) throws(FlatBufferError) -> T {
    guard let location = try location(of: slot, size: MemoryLayout<T>.size) else { return defaultValue }
    return try bytes.load(T.self, at: location)
  }

  public func uint8(_ slot: Int, default value: UInt8 = 0) throws(FlatBufferError) -> UInt8 { try scalar(slot, value) }
  public func int8(_ slot: Int, default value: Int8 = 0) throws(FlatBufferError) -> Int8 { try scalar(slot, value) }
  public func int32(_ slot: Int, default value: Int32 = 0) throws(FlatBufferError) -> Int32 { try scalar(slot, value) }
  public func uint32(_ slot: Int, default value: UInt32 = 0) throws(FlatBufferError) -> UInt32 {
    try scalar(slot, value)
  }
  public func int64(_ slot: Int, default value: Int64 = 0) throws(FlatBufferError) -> Int64 { try scalar(slot, value) }
  public func uint64(_ slot: Int, default value: UInt64 = 0) throws(FlatBufferError) -> UInt64 {
    try scalar(slot, value)
  }
  public func float(_ slot: Int, default value: Float = 0) throws(FlatBufferError) -> Float { try scalar(slot, value) }
  public func bool(_ slot: Int, default value: Bool = false) throws(FlatBufferError) -> Bool {
    try scalar(slot, value ? 1 : 0 as UInt8) != 0
  }

  /// Follows the unsigned offset stored in a slot.
  private func target(of slot: Int) throws(FlatBufferError) -> Int? {
    guard let location = try location(of: slot, size: 4) else { return nil }
    return try bytes.follow(location)
  }

  /// The table that a slot (or the value slot of a union) refers to.
  public func table(_ slot: Int) throws(FlatBufferError) -> FlatBufferTable? {
    guard let target = try target(of: slot) else { return nil }
    return try FlatBufferTable(bytes: bytes, position: target)
  }

  /// The vector of scalars of type `T` in a slot; nil when absent.
  public func vector<T: BitwiseCopyable & Sendable>(_ slot: Int, of type: T.Type) throws(FlatBufferError)
    -> FlatBufferVector<T>?
  {
    guard let target = try target(of: slot) else { return nil }
    return try FlatBufferVector(bytes: bytes, position: target)
  }

  /// The vector of tables in a slot; nil when absent.
  public func tables(_ slot: Int) throws(FlatBufferError) -> FlatBufferTables? {
    guard let target = try target(of: slot) else { return nil }
    return FlatBufferTables(offsets: try FlatBufferVector(bytes: bytes, position: target))
  }

  /// The bytes of a `[ubyte]` in a slot, in place; nil when absent.
  public func data(_ slot: Int) throws(FlatBufferError) -> SharedBytes? {
    guard let vector = try vector(slot, of: UInt8.self) else { return nil }
    return bytes.slice(offset: vector.start, count: vector.count)
  }

  /// The string in a slot, invalid UTF-8 repaired; nil when absent.
  public func string(_ slot: Int) throws(FlatBufferError) -> String? {
    guard let vector = try vector(slot, of: UInt8.self) else { return nil }
    return unsafe bytes.span.extracting(vector.start..<vector.start + vector.count).withUnsafeBytes {
      unsafe String(decoding: $0, as: UTF8.self)
    }
  }
}

extension FlatBufferTable {
  /// A copy of the vector of 32-bit integers in a slot; empty when absent.
  public func int32s(_ slot: Int) throws(FlatBufferError) -> [Int32] { try vector(slot, of: Int32.self)?.array() ?? [] }
  /// A copy of the vector of 64-bit integers in a slot; empty when absent.
  public func int64s(_ slot: Int) throws(FlatBufferError) -> [Int64] { try vector(slot, of: Int64.self)?.array() ?? [] }
  /// A copy of the vector of floats in a slot; empty when absent.
  public func floats(_ slot: Int) throws(FlatBufferError) -> [Float] { try vector(slot, of: Float.self)?.array() ?? [] }
}

/// A vector of scalars in a FlatBuffer. Its whole extent was checked when it was made.
public struct FlatBufferVector<Element: BitwiseCopyable & Sendable>: Sendable {
  let bytes: SharedBytes
  let start: Int
  public let count: Int

  init(bytes: SharedBytes, position: Int) throws(FlatBufferError) {
    let count = Int(try bytes.load(UInt32.self, at: position))
    let start = position + 4
    let (size, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    guard !overflow, size <= bytes.count - start else { throw .vectorOutOfBounds(at: position, count: count) }
    self.bytes = bytes
    self.start = start
    self.count = count
  }

  /// The element at `index`.
  public func element(_ index: Int) throws(FlatBufferError) -> Element {
    guard index >= 0, index < count else { throw .vectorOutOfBounds(at: start, count: count) }
    return try bytes.load(Element.self, at: start + index * MemoryLayout<Element>.stride)
  }

  /// All elements, copied.
  public func array() -> [Element] {
    let span = bytes.span
    return unsafe [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      for index in 0..<count {
        unsafe buffer.initializeElement(
          at: index,
          to: span.unsafeLoadUnaligned(fromByteOffset: start + index * MemoryLayout<Element>.stride, as: Element.self))
      }
      initialized = count
    }
  }
}

/// A vector of tables in a FlatBuffer. Its offsets lie inside the buffer; each table is checked when it is read.
public struct FlatBufferTables: Sendable {
  let offsets: FlatBufferVector<UInt32>
  public var count: Int { offsets.count }

  /// The table at `index`.
  public func table(_ index: Int) throws(FlatBufferError) -> FlatBufferTable {
    guard index >= 0, index < count else { throw .vectorOutOfBounds(at: offsets.start, count: count) }
    return try FlatBufferTable(bytes: offsets.bytes, position: offsets.bytes.follow(offsets.start + 4 * index))
  }
}

/// What is wrong with a FlatBuffer, and at which byte.
public enum FlatBufferError: Error, Sendable, Equatable, CustomStringConvertible {
  case outOfBounds(at: Int, size: Int, count: Int)
  case invalidOffset(at: Int)
  case invalidVirtualTable(at: Int)
  case invalidField(slot: Int, at: Int)
  case vectorOutOfBounds(at: Int, count: Int)
  case misaligned(at: Int, alignment: Int)
  case unterminatedString(at: Int)
  /// Tables and vectors refer to the same bytes so often that reading them all would take far more than the buffer's size.
  case tooManyReferences(at: Int)

  public var description: String {
    switch self {
    case .outOfBounds(let at, let size, let count): "byte \(at): \(size) bytes wanted, the buffer ends at \(count)"
    case .invalidOffset(let at): "byte \(at): the offset leads outside the buffer"
    case .invalidVirtualTable(let at): "byte \(at): the table's field list is damaged"
    case .invalidField(let slot, let at): "byte \(at): field \(slot) lies outside its table"
    case .vectorOutOfBounds(let at, let count): "byte \(at): a vector of \(count) elements does not fit in the buffer"
    case .misaligned(let at, let alignment): "byte \(at): the value there must be aligned to \(alignment) bytes"
    case .unterminatedString(let at): "byte \(at): the string is not terminated by a zero byte"
    case .tooManyReferences(let at): "byte \(at): too many references to the same bytes"
    }
  }
}

extension SharedBytes {
  func load<T: BitwiseCopyable>(_ type: T.Type, at offset: Int) throws(FlatBufferError) -> T {
    guard offset >= 0, offset <= count - MemoryLayout<T>.size else {
      throw .outOfBounds(at: offset, size: MemoryLayout<T>.size, count: count)
    }
    return unsafe span.unsafeLoadUnaligned(fromByteOffset: offset, as: T.self)
  }

  /// The position that the unsigned offset stored at `location` leads to.
  func follow(_ location: Int) throws(FlatBufferError) -> Int {
    let offset = Int(try load(UInt32.self, at: location))
    guard offset > 0, offset <= count - location - 4 else { throw .invalidOffset(at: location) }
    return location + offset
  }
}
