extension NumpyArray {
  /// Makes an array of byte strings (`S<n>`, where n is the longest, at least 1), the form of TFLite string tensors.
  ///
  /// NumPy drops zeros at the end of a byte string when it reads one, and so does ``strings``. Throws unless there are as
  /// many strings as the product of the shape.
  package init(strings: [[UInt8]], shape: [Int]) throws(TensorFileError) {
    let length = strings.lazy.map(\.count).reduce(1, max)
    let (byteCount, overflow) = length.multipliedReportingOverflow(by: strings.count)
    guard !overflow else {
      throw TensorFileError(
        file: "array", reason: .invalidArgument,
        message: "\(strings.count) strings of \(length) bytes exceed the address space")
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(byteCount)
    for string in strings {
      bytes += string
      bytes += repeatElement(0, count: length - string.count)
    }
    try self.init(type: .bytes(length: length), shape: shape, bytes: bytes)
  }

  /// The strings of an `S` array as they are, of a `U` array as UTF-8, both without the zeros at their end; nil for
  /// other types. A scalar value of a `U` array that UTF-8 cannot express becomes U+FFFD.
  package var strings: [[UInt8]]? {
    switch type {
    case .bytes(let length):
      return (0..<count).map { (index) in
        trimmed(bytes[index * length..<(index + 1) * length])
      }
    case .unicode(let length):
      return (0..<count).map { (index) in
        let scalars = (0..<length).map { (position) in scalar(at: (index * length + position) * 4) }
        return utf8(of: scalars)
      }
    default:
      return nil
    }
  }

  private func scalar(at offset: Int) -> UInt32 {
    (0..<4).reduce(0) { (value, byte) in value | UInt32(bytes[offset + byte]) << UInt32(8 * byte) }
  }
}

private func trimmed(_ padded: ArraySlice<UInt8>) -> [UInt8] {
  let end = padded.lastIndex { $0 != 0 }.map { $0 + 1 } ?? padded.startIndex
  return Array(padded[..<end])
}

private func utf8(of padded: [UInt32]) -> [UInt8] {
  let end = padded.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0
  var text = String.UnicodeScalarView()
  for value in padded[..<end] {
    text.append(Unicode.Scalar(value) ?? "\u{FFFD}")
  }
  return Array(String(text).utf8)
}
