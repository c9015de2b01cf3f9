internal import FlatBuffers
internal import Kernels
internal import TensorTypes

/// Finds the values of constant tensors, in place, and checks that each has the bytes that its type and shape ask for.
///
/// Tensors of equal type that name the same buffer share one ``Constant``, and with it what kernels pack.
struct ConstantReader {
  /// Stored bytes, not yet checked against a tensor.
  struct Value {
    /// Where it comes from: the number of the buffer, or -1 minus that of the external buffer.
    let source: Int
    let bytes: SharedBytes
  }

  /// What one constant is for.
  private struct Key: Hashable {
    let source: Int
    let type: TensorType
    /// Blockwise quantisation names tensors of one subgraph.
    let subgraph: Int?
  }

  private let file: SharedBytes
  private let buffers: FlatBufferTables
  private var external: ExternalBuffers?
  /// The first constant of each value; most values have no other, and hashing a type with all its scales takes long.
  private var first: [Int: (key: Key, constant: Constant)] = [:]
  /// The others.
  private var further: [Key: Constant] = [:]
  /// The number of strings in values that were checked to be string tensors.
  private var stringCounts: [Int: Int] = [:]
  /// How many more bytes may be copied because they are not aligned.
  private var copyBudget: Int

  init(file: SharedBytes, buffers: FlatBufferTables, limits: Limits) {
    self.file = file
    self.buffers = buffers
    copyBudget = 2 * file.count + 1 << 16
  }

  mutating func addExternalBuffers(_ model: ModelRecord, folder: String?) throws(ModelError) {
    guard let stored = model.externalBuffers, stored.count > 0 else { return }
    external = try ExternalBuffers(stored, groups: model.externalBufferGroups, folder: folder)
  }

  /// The stored value of a tensor; nil when it has none.
  mutating func bytes(_ tensor: TensorRecord, at location: ModelError.Location) throws(ModelError) -> Value? {
    if tensor.buffer != 0, let stored = try bytes(ofBuffer: tensor.buffer, at: location) {
      guard tensor.externalBuffer == 0 else {
        throw ModelError(.malformed, "the tensor has both a buffer and an external buffer", at: location)
      }
      return Value(source: tensor.buffer, bytes: stored)
    }
    guard tensor.externalBuffer != 0 else { return nil }
    guard external != nil else {
      throw ModelError(
        .malformed, "external buffer \(tensor.externalBuffer) is not in the model", at: location)
    }
    guard let stored = try external?.bytes(id: tensor.externalBuffer, at: location) else { return nil }
    return Value(source: -1 - Int(tensor.externalBuffer), bytes: stored)
  }

  /// The content of a buffer, inside the FlatBuffer or behind it; nil when it has none.
  func bytes(ofBuffer index: Int, at location: ModelError.Location) throws(ModelError) -> SharedBytes? {
    guard index < buffers.count else {
      throw ModelError(.malformed, "buffer \(index) does not exist; the model has \(buffers.count)", at: location)
    }
    let record = try located(location) { () throws(FlatBufferError) in try BufferRecord(buffers.table(index)) }
    if let data = record.data { return data }
    // Offsets 0 and 1 mean that there is none.
    guard record.offset > 1 else { return nil }
    guard let offset = Int(exactly: record.offset), let size = Int(exactly: record.size),
      let stored = file.slice(offset: offset, count: size)
    else {
      throw ModelError(
        .malformed,
        "buffer \(index) is \(record.size) bytes at \(record.offset) of a file of \(file.count) bytes", at: location)
    }
    return stored
  }

  /// The constant for a tensor with this value.
  mutating func constant(
    _ value: Value, of type: TensorType, sparsity: Sparsity?, subgraph: Int, at location: ModelError.Location
  ) throws(ModelError) -> Constant {
    if type.element == .string {
      return try stringConstant(value, of: type, sparsity: sparsity, at: location)
    }
    let count = sparsity?.storedValueCount ?? type.shape.elementCount
    guard let size = type.element.byteCount(of: count), let bytes = value.bytes.slice(offset: 0, count: size) else {
      throw ModelError(
        .malformed,
        "the constant has \(value.bytes.count) bytes; \(type) needs "
          + (type.element.byteCount(of: count).map { "\($0)" } ?? "more than there are"), at: location)
    }
    let alignment = min(max(type.element.bitWidth / 8, 1), 8)
    if sparsity != nil { return Constant(try aligned(bytes, alignment, at: location)) }
    var key = Key(source: value.source, type: type, subgraph: nil)
    if case .blockwise = type.quantization { key = Key(source: value.source, type: type, subgraph: subgraph) }
    return try constant(key, bytes, alignment, at: location)
  }

  /// The constant of a key; a new one of these bytes where there is none.
  private mutating func constant(
    _ key: Key, _ bytes: SharedBytes, _ alignment: Int, at location: ModelError.Location
  ) throws(ModelError) -> Constant {
    let known = first[key.source]
    if let known, known.key == key { return known.constant }
    if known != nil, let constant = further[key] { return constant }
    let constant = Constant(try aligned(bytes, alignment, at: location))
    if known == nil { first[key.source] = (key, constant) } else { further[key] = constant }
    return constant
  }

  private mutating func stringConstant(
    _ value: Value, of type: TensorType, sparsity: Sparsity?, at location: ModelError.Location
  ) throws(ModelError) -> Constant {
    guard sparsity == nil else { throw ModelError(.malformed, "a string tensor cannot be sparse", at: location) }
    if value.bytes.count == 0, type.shape.elementCount == 0 { return try Self.emptyStrings(at: location) }
    let count: Int
    if let known = stringCounts[value.source] {
      count = known
    } else {
      do throws(OperatorError) { count = try StringArray(value.bytes).count } catch {
        throw ModelError(error, at: location)
      }
      stringCounts[value.source] = count
    }
    guard count == type.shape.elementCount else {
      throw ModelError(
        .malformed, "the constant has \(count) strings; shape \(type.shape) needs \(type.shape.elementCount)",
        at: location)
    }
    return try constant(Key(source: value.source, type: type, subgraph: nil), value.bytes, 4, at: location)
  }

  /// The value of a string tensor without elements.
  static func emptyStrings(at location: ModelError.Location) throws(ModelError) -> Constant {
    do throws(OperatorError) { return Constant(try StringArray.empty().bytes) } catch {
      throw ModelError(error, at: location)
    }
  }

  /// The value of a tensor without elements.
  static func empty(at location: ModelError.Location) throws(ModelError) -> Constant {
    do {
      return Constant(try SharedBytes(copying: RawSpan()))
    } catch {
      throw ModelError(.outOfMemory, "\(error)", at: location)
    }
  }

  /// The bytes themselves, or an aligned copy.
  private mutating func aligned(_ bytes: SharedBytes, _ alignment: Int, at location: ModelError.Location)
    throws(ModelError) -> SharedBytes
  {
    guard bytes.count > 0, unsafe UInt(bitPattern: bytes.baseAddress) % UInt(alignment) != 0 else { return bytes }
    copyBudget -= bytes.count
    guard copyBudget >= 0 else {
      throw ModelError(
        .limitExceeded, "constants that are not aligned to their element size overlap too often", at: location)
    }
    do {
      return try SharedBytes(copying: bytes.span)
    } catch {
      throw ModelError(.outOfMemory, "\(error)", at: location)
    }
  }
}
