internal import TFLiteRuntime
internal import TensorTypes

extension NamedTensor {
  /// A tensor from the `data` of a JSON request: its elements in row-major order, flat or nested.
  ///
  /// - Throws: ``ServingError`` when there are more or fewer than the shape asks for, or one is not of the type.
  package init(
    name: String, datatype: Datatype, shape dimensions: [Int], json bytes: [UInt8], range: Range<Int>
  ) throws(ServingError) {
    let shape = try Shape(requested: dimensions, of: name)
    var reader = JSONElements(JSONReader(bytes, range: range), name: name, count: shape.elementCount)
    let tensor: Tensor?
    switch datatype {
    case .bytes:
      var strings: [[UInt8]] = []
      try reader.forEach { (reader) throws(JSONError) in strings.append(try reader.stringBytes()) }
      tensor = Tensor(strings: strings, shape: shape.dimensions)
    case .bool: tensor = try reader.tensor(shape) { (reader) throws(JSONError) in try reader.boolean() }
    case .uint8: tensor = try reader.tensor(shape) { (r) throws(JSONError) in try r.integer(UInt8.self) }
    case .uint16: tensor = try reader.tensor(shape) { (r) throws(JSONError) in try r.integer(UInt16.self) }
    case .uint32: tensor = try reader.tensor(shape) { (r) throws(JSONError) in try r.integer(UInt32.self) }
    case .uint64: tensor = try reader.tensor(shape) { (r) throws(JSONError) in try r.integer(UInt64.self) }
    case .int8: tensor = try reader.tensor(shape) { (r) throws(JSONError) in try r.integer(Int8.self) }
    case .int16: tensor = try reader.tensor(shape) { (r) throws(JSONError) in try r.integer(Int16.self) }
    case .int32: tensor = try reader.tensor(shape) { (r) throws(JSONError) in try r.integer(Int32.self) }
    case .int64: tensor = try reader.tensor(shape) { (r) throws(JSONError) in try r.integer(Int64.self) }
    case .fp16: tensor = try reader.tensor(shape) { (r) throws(JSONError) in Float16(try r.real()) }
    case .fp32: tensor = try reader.tensor(shape) { (r) throws(JSONError) in Float(try r.real()) }
    case .fp64: tensor = try reader.tensor(shape) { (r) throws(JSONError) in try r.real() }
    case .bf16:
      throw ServingError(
        .invalidArgument, "BF16 has no JSON form; send input '\(name)' as binary data")
    }
    guard let tensor else { throw reader.wrongCount }
    self.init(name: name, datatype: datatype, tensor: tensor)
  }

  /// Writes the elements as a flat array. Only types with a JSON form may be written.
  package func writeJSON(_ writer: inout JSONWriter) {
    func write<T: TensorScalar>(_ type: T.Type, _ element: (inout JSONWriter, T) -> Void) {
      let values = tensor.values(as: type) ?? []
      writer.reserve(values.count * 2)
      writer.array { writer in for value in values { element(&writer, value) } }
    }
    switch datatype {
    case .bytes:
      writer.array { writer in
        for string in tensor.strings ?? [] { writer.string(String(decoding: string, as: UTF8.self)) }
      }
    case .bool: write(Bool.self) { $0.bool($1) }
    case .uint8: write(UInt8.self) { $0.integer($1) }
    case .uint16: write(UInt16.self) { $0.integer($1) }
    case .uint32: write(UInt32.self) { $0.integer($1) }
    case .uint64: write(UInt64.self) { $0.integer($1) }
    case .int8: write(Int8.self) { $0.integer($1) }
    case .int16: write(Int16.self) { $0.integer($1) }
    case .int32: write(Int32.self) { $0.integer($1) }
    case .int64: write(Int64.self) { $0.integer($1) }
    case .fp16: write(Float16.self) { $0.number(Float($1)) }
    case .fp32: write(Float.self) { $0.number($1) }
    case .fp64: write(Double.self) { $0.number($1) }
    case .bf16: writer.array { _ in }
    }
  }
}

/// Walks over the elements of a flat or nested array.
private struct JSONElements {
  private var reader: JSONReader
  private let name: String
  private let count: Int

  init(_ reader: JSONReader, name: String, count: Int) {
    self.reader = reader
    self.name = name
    self.count = count
  }

  var wrongCount: ServingError {
    ServingError(.invalidArgument, "Unable to parse 'data': Shape does not match true shape of 'data' field")
  }

  mutating func tensor<T: TensorScalar>(
    _ shape: Shape, _ element: (inout JSONReader) throws(JSONError) -> T
  ) throws(ServingError) -> Tensor? {
    var values: [T] = []
    // An element takes two characters at least.
    values.reserveCapacity(min(count, (reader.limit - reader.offset) / 2 + 1))
    try forEach { (reader) throws(JSONError) in values.append(try element(&reader)) }
    return Tensor(values, shape: shape.dimensions)
  }

  mutating func forEach(_ element: (inout JSONReader) throws(JSONError) -> Void) throws(ServingError) {
    do throws(JSONError) {
      guard try walk(element) else { throw JSONError("", at: -1) }
    } catch {
      if error.offset < 0 { throw wrongCount }
      throw ServingError(.invalidArgument, "Unable to parse 'data' of input '\(name)': \(error)")
    }
  }

  /// Whether there were as many elements as wanted.
  private mutating func walk(_ element: (inout JSONReader) throws(JSONError) -> Void) throws(JSONError) -> Bool {
    var found = 0
    var depth = 0
    guard reader.peek() == UInt8(ascii: "[") else { throw JSONError("expected an array", at: reader.offset) }
    repeat {
      if reader.take(UInt8(ascii: "[")) {
        depth += 1
        if !reader.take(UInt8(ascii: "]")) { continue }
        depth -= 1
      } else {
        guard found < count else { return false }
        try element(&reader)
        found += 1
      }
      while depth > 0, !reader.take(UInt8(ascii: ",")) {
        guard reader.take(UInt8(ascii: "]")) else { throw JSONError("expected ',' or ']'", at: reader.offset) }
        depth -= 1
      }
    } while depth > 0
    try reader.finish()
    return found == count
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
