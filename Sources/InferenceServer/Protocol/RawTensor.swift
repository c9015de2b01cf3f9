internal import TFLiteRuntime
internal import TensorTypes

// The protocol's raw form: elements in row-major order, little-endian; strings each after their length in 32 bits.

extension NamedTensor {
  /// A tensor from its raw form.
  ///
  /// - Throws: ``ServingError`` when there are more or fewer bytes than the shape asks for.
  package init(name: String, datatype: Datatype, shape dimensions: [Int], raw bytes: [UInt8]) throws(ServingError) {
    let shape = try Shape(requested: dimensions, of: name)
    let tensor: Tensor?
    if datatype == .bytes {
      tensor = Tensor(
        strings: try Self.strings(bytes, count: shape.elementCount, name: name), shape: shape.dimensions)
    } else {
      tensor = Tensor(type: TensorType(element: datatype.element, shape: shape), bytes: bytes)
    }
    guard let tensor else {
      let expected = datatype.element.byteCount(of: shape.elementCount).map(String.init) ?? "more"
      throw ServingError(
        .invalidArgument,
        "input byte size mismatch for input '\(name)'. Expected \(expected), got \(bytes.count)")
    }
    self.init(name: name, datatype: datatype, tensor: tensor)
  }

  private static func strings(_ bytes: [UInt8], count: Int, name: String) throws(ServingError) -> [[UInt8]] {
    var strings: [[UInt8]] = []
    // Every string takes four bytes at least, so this cannot ask for more than the request brought.
    strings.reserveCapacity(min(count, bytes.count / 4))
    var offset = 0
    while offset < bytes.count {
      guard bytes.count - offset >= 4 else {
        throw ServingError(
          .invalidArgument, "incomplete string length indicator for inference input '\(name)'")
      }
      var length = 0
      for index in 0..<4 { length |= Int(bytes[offset + index]) << (8 * index) }
      offset += 4
      guard length <= bytes.count - offset else {
        throw ServingError(
          .invalidArgument,
          "incomplete string data for inference input '\(name)', expecting string of length \(length) but only "
            + "\(bytes.count - offset) bytes available")
      }
      guard strings.count < count else {
        throw ServingError(
          .invalidArgument,
          "unexpected number of string elements \(strings.count + 1) for inference input '\(name)', expecting \(count)")
      }
      strings.append(Array(bytes[offset..<offset + length]))
      offset += length
    }
    guard strings.count == count else {
      throw ServingError(
        .invalidArgument, "expected \(count) strings for inference input '\(name)', got \(strings.count)")
    }
    return strings
  }

  /// The tensor's raw form.
  package var raw: [UInt8] {
    guard let strings = tensor.strings else { return tensor.bytes }
    var result: [UInt8] = []
    for string in strings {
      let length = UInt32(truncatingIfNeeded: string.count)
      for index in 0..<4 { result.append(UInt8(truncatingIfNeeded: length >> (8 * UInt32(index)))) }
      result += string
    }
    return result
  }
}
