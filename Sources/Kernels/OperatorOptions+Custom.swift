internal import FlatBuffers
internal import TensorTypes

/// The options of a custom operator that are stored as a FlexBuffer map. Fields that are missing read as 0, as in TFLite.
struct FlexBufferOptions: Sendable {
  private let map: FlexBuffer

  /// - Throws: `malformed` when the bytes are no FlexBuffer.
  init(_ options: OperatorOptions) throws(OperatorError) {
    guard let bytes = options.custom else {
      map = .null
      return
    }
    do {
      map = try FlexBuffer(rootOf: bytes)
    } catch {
      throw .malformed("custom options: \(error)")
    }
  }

  private func read<T>(_ name: String, _ body: (FlexBuffer) throws(FlatBufferError) -> T) throws(OperatorError) -> T {
    do {
      return try body(try map[name])
    } catch {
      throw .malformed("custom option \(name): \(error)")
    }
  }

  /// Whether a field is stored.
  func has(_ name: String) throws(OperatorError) -> Bool {
    try read(name) { value throws(FlatBufferError) in !value.isNull }
  }

  func integer(_ name: String) throws(OperatorError) -> Int {
    Int(try read(name) { value throws(FlatBufferError) in try value.integer() })
  }

  /// An integer of 32 bits.
  ///
  /// - Throws: `malformed` when it needs more.
  func int32(_ name: String) throws(OperatorError) -> Int32 {
    let value = try integer(name)
    guard let result = Int32(exactly: value) else { throw .malformed("custom option \(name) is \(value)") }
    return result
  }

  func float(_ name: String) throws(OperatorError) -> Float {
    Float(try read(name) { value throws(FlatBufferError) in try value.double() })
  }

  func bool(_ name: String) throws(OperatorError) -> Bool {
    try read(name) { value throws(FlatBufferError) in try value.bool() }
  }
}

extension OperatorOptions {
  /// Consecutive 32-bit integers at the start of a custom operator's options, for operators that store a structure of C there.
  ///
  /// - Throws: `malformed` when the options are shorter.
  func customIntegers(_ count: Int) throws(OperatorError) -> [Int32] {
    guard let bytes = custom, bytes.count >= 4 * count else {
      throw .malformed("the custom options have \(custom?.count ?? 0) bytes, not \(4 * count)")
    }
    return (0..<count).map { unsafe bytes.span.unsafeLoadUnaligned(fromByteOffset: 4 * $0, as: Int32.self) }
  }

  /// The padding that a structure of C holds: 1 for `SAME`, 2 for `VALID`.
  static func padding(_ raw: Int32) throws(OperatorError) -> WindowPadding {
    switch raw {
    case 1: .same
    case 2: .valid
    default: throw .malformed("\(raw) is not a padding")
    }
  }
}
