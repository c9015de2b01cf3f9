/// The element type of a ``NumpyArray``: a NumPy dtype without structure, objects and dates.
package enum NumpyType: Hashable, Sendable {
  case bool
  case int8, int16, int32, int64
  case uint8, uint16, uint32, uint64
  case float16, float32, float64
  case complex64, complex128
  /// `S<length>`: byte strings of at most `length` bytes, padded with zeros.
  case bytes(length: Int)
  /// `U<length>`: strings of at most `length` Unicode scalars, 4 bytes each, padded with zeros.
  case unicode(length: Int)

  /// The bytes of one element. A length whose size an `Int` cannot hold gives `Int.max`.
  package var itemSize: Int {
    switch self {
    case .bool, .int8, .uint8: 1
    case .int16, .uint16, .float16: 2
    case .int32, .uint32, .float32: 4
    case .int64, .uint64, .float64, .complex64: 8
    case .complex128: 16
    case .bytes(let length): max(length, 0)
    case .unicode(let length): max(length, 0) > Int.max / 4 ? Int.max : 4 * max(length, 0)
    }
  }

  /// The bytes that change places between the byte orders: a complex number has two of 4 or 8.
  var swapSize: Int {
    switch self {
    case .bytes: 1
    case .unicode: 4
    case .complex64, .complex128: itemSize / 2
    default: itemSize
    }
  }

  /// The type as NumPy writes it in a header, little-endian: `<f4`, `|u1`, `|S5`.
  package var descriptor: String {
    switch self {
    case .bool: "|b1"
    case .int8: "|i1"
    case .uint8: "|u1"
    case .int16: "<i2"
    case .int32: "<i4"
    case .int64: "<i8"
    case .uint16: "<u2"
    case .uint32: "<u4"
    case .uint64: "<u8"
    case .float16: "<f2"
    case .float32: "<f4"
    case .float64: "<f8"
    case .complex64: "<c8"
    case .complex128: "<c16"
    case .bytes(let length): "|S\(length)"
    case .unicode(let length): "<U\(length)"
    }
  }

  /// Reads a `descr` of a header, `[<>|=]` kind, size. Nil when the type is none of the cases.
  init?(descriptor: some Sequence<UInt8>, isBigEndian: inout Bool) {
    var bytes = ArraySlice(Array(descriptor))
    isBigEndian = false
    if let order = bytes.first, [0x3C, 0x3E, 0x7C, 0x3D].contains(order) {  // < > | =
      isBigEndian = order == 0x3E
      bytes = bytes.dropFirst()
    }
    guard let kind = bytes.popFirst(), let size = decimal(bytes) else { return nil }
    switch (Unicode.Scalar(kind), size) {
    case ("b", 1): self = .bool
    case ("i", 1): self = .int8
    case ("i", 2): self = .int16
    case ("i", 4): self = .int32
    case ("i", 8): self = .int64
    case ("u", 1): self = .uint8
    case ("u", 2): self = .uint16
    case ("u", 4): self = .uint32
    case ("u", 8): self = .uint64
    case ("f", 2): self = .float16
    case ("f", 4): self = .float32
    case ("f", 8): self = .float64
    case ("c", 8): self = .complex64
    case ("c", 16): self = .complex128
    case ("S", _): self = .bytes(length: size)
    case ("U", _): self = .unicode(length: size)
    default: return nil
    }
  }
}

/// A number of 1 to 9 decimal digits and nothing else.
private func decimal(_ digits: ArraySlice<UInt8>) -> Int? {
  guard (1...9).contains(digits.count) else { return nil }
  var value = 0
  for digit in digits {
    guard (0x30...0x39).contains(digit) else { return nil }
    value = value * 10 + Int(digit - 0x30)
  }
  return value
}
