public import FlatBuffers
public import TensorTypes

/// The options of one operator as stored in the model. Slots are the fields' positions in the schema's options table.
public struct OperatorOptions: Sendable {
  private let table: FlatBufferTable?
  /// The options of a custom operator (most often a FlexBuffer), empty for builtin operators.
  public let custom: SharedBytes?

  /// Options stored in a table; nil means all defaults.
  public init(table: FlatBufferTable?) {
    self.table = table
    custom = nil
  }

  /// The options of a custom operator.
  public init(custom: SharedBytes?) {
    table = nil
    self.custom = custom
  }

  /// Options that are all at their defaults.
  public static let defaults = OperatorOptions(table: nil)

  /// Whether any options are stored.
  public var isPresent: Bool { table != nil }

  private func read<T>(_ slot: Int, _ value: T, _ body: (FlatBufferTable) throws(FlatBufferError) -> T)
    throws(OperatorError) -> T
  {
    guard let table else { return value }
    do {
      return try body(table)
    } catch {
      throw .malformed("options field \(slot): \(error)")
    }
  }

  public func int8(_ slot: Int, default value: Int8 = 0) throws(OperatorError) -> Int8 {
    try read(slot, value) { table throws(FlatBufferError) in try table.int8(slot, default: value) }
  }
  public func int32(_ slot: Int, default value: Int32 = 0) throws(OperatorError) -> Int32 {
    try read(slot, value) { table throws(FlatBufferError) in try table.int32(slot, default: value) }
  }
  public func int64(_ slot: Int, default value: Int64 = 0) throws(OperatorError) -> Int64 {
    try read(slot, value) { table throws(FlatBufferError) in try table.int64(slot, default: value) }
  }
  public func float(_ slot: Int, default value: Float = 0) throws(OperatorError) -> Float {
    try read(slot, value) { table throws(FlatBufferError) in try table.float(slot, default: value) }
  }
  public func bool(_ slot: Int, default value: Bool = false) throws(OperatorError) -> Bool {
    try read(slot, value) { table throws(FlatBufferError) in try table.bool(slot, default: value) }
  }
  /// A string; empty when absent.
  public func string(_ slot: Int) throws(OperatorError) -> String {
    try read(slot, "") { table throws(FlatBufferError) in try table.string(slot) ?? "" }
  }
  /// A vector of 32-bit integers; empty when absent.
  public func int32s(_ slot: Int) throws(OperatorError) -> [Int32] {
    try read(slot, []) { table throws(FlatBufferError) in try table.vector(slot, of: Int32.self)?.array() ?? [] }
  }
  /// A vector of 64-bit integers; empty when absent.
  public func int64s(_ slot: Int) throws(OperatorError) -> [Int64] {
    try read(slot, []) { table throws(FlatBufferError) in try table.vector(slot, of: Int64.self)?.array() ?? [] }
  }
  /// A vector of 32-bit floating-point numbers; empty when absent.
  public func floats(_ slot: Int) throws(OperatorError) -> [Float] {
    try read(slot, []) { table throws(FlatBufferError) in try table.vector(slot, of: Float.self)?.array() ?? [] }
  }
  /// Raw bytes; nil when absent.
  public func data(_ slot: Int) throws(OperatorError) -> SharedBytes? {
    try read(slot, nil) { table throws(FlatBufferError) in try table.data(slot) }
  }

  /// An element type (the schema's `TensorType` as a byte).
  public func elementType(_ slot: Int, default value: ElementType = .float32) throws(OperatorError) -> ElementType {
    let raw = try int8(slot, default: Int8(bitPattern: value.rawValue))
    guard let type = ElementType(rawValue: UInt8(bitPattern: raw)) else {
      throw .malformed("options field \(slot): \(raw) is not an element type")
    }
    return type
  }
}
