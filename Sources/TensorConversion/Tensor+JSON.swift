package import JSONText
package import TFLiteRuntime
package import TensorTypes

extension Tensor {
  /// The same elements in another shape; nil unless it has as many.
  package func reshaped(_ shape: Shape) -> Tensor? { Tensor(type: type.with(shape: shape), bytes: bytes) }

  /// Writes the elements, as nested arrays of the tensor's shape or as one flat array. Strings that are not UTF-8 are repaired. Types without a
  /// JSON form (``JSONElements/represents(_:)``) are written as an empty array.
  package func writeJSON(_ writer: inout JSONWriter, nested: Bool) {
    let shape = nested ? type.shape.dimensions : [type.shape.elementCount]
    func write<T>(_ values: [T]?, _ element: (inout JSONWriter, T) -> Void) {
      let values = values ?? []
      writer.reserve(values.count * 2)
      var next = 0
      Self.write(values, shape[...], &next, &writer, element)
    }
    switch type.element {
    case .string: write(strings) { $0.string(String(decoding: $1, as: UTF8.self)) }
    case .bool: write(values(as: Bool.self)) { $0.bool($1) }
    case .uint8: write(values(as: UInt8.self)) { $0.integer($1) }
    case .uint16: write(values(as: UInt16.self)) { $0.integer($1) }
    case .uint32: write(values(as: UInt32.self)) { $0.integer($1) }
    case .uint64: write(values(as: UInt64.self)) { $0.integer($1) }
    case .int8: write(values(as: Int8.self)) { $0.integer($1) }
    case .int16: write(values(as: Int16.self)) { $0.integer($1) }
    case .int32: write(values(as: Int32.self)) { $0.integer($1) }
    case .int64: write(values(as: Int64.self)) { $0.integer($1) }
    case .float16: write(values(as: Float16.self)) { $0.number(Float($1)) }
    case .float32: write(values(as: Float.self)) { $0.number($1) }
    case .float64: write(values(as: Double.self)) { $0.number($1) }
    default: writer.array { _ in }
    }
  }

  private static func write<T>(
    _ values: [T], _ shape: ArraySlice<Int>, _ next: inout Int, _ writer: inout JSONWriter,
    _ element: (inout JSONWriter, T) -> Void
  ) {
    guard let count = shape.first else {
      guard next < values.count else { return }
      element(&writer, values[next])
      next += 1
      return
    }
    let rest = shape.dropFirst()
    // A shape without elements may still have any number of rows.
    guard next < values.count else { return writer.array { _ in } }
    writer.array { writer in
      if rest.isEmpty {
        for index in next..<min(next + count, values.count) { element(&writer, values[index]) }
        next += count
      } else {
        for _ in 0..<count { write(values, rest, &next, &writer, element) }
      }
    }
  }
}
