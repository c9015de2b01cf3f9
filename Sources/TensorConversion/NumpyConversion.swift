package import TFLiteRuntime
package import TensorFiles
package import TensorTypes

/// How element types that NumPy lacks are stored: bfloat16 as the bits in uint16, 2- and 4-bit integers unpacked to int8 (uint4 to uint8), 8-bit floats
/// as the bits in uint8, handles as uint32. Strings are arrays of type `S`, which loses zeros at their ends.
extension ElementType {
  /// The NumPy type that stores this element type; nil for strings, whose length varies.
  package var numpyType: NumpyType? {
    switch self {
    case .float32: .float32
    case .float16: .float16
    case .float64: .float64
    case .int8, .int4, .int2: .int8
    case .uint8, .uint4, .float8E4M3FN, .float8E5M2: .uint8
    case .int16: .int16
    case .uint16, .bfloat16: .uint16
    case .int32: .int32
    case .uint32, .resource, .variant: .uint32
    case .int64: .int64
    case .uint64: .uint64
    case .bool: .bool
    case .complex64: .complex64
    case .complex128: .complex128
    case .string: nil
    }
  }
}

extension NumpyArray {
  /// A tensor as a NumPy array.
  ///
  /// - Throws: ``TensorFiles/TensorFileError`` for tensors that cannot be stored.
  package init(_ tensor: Tensor) throws(TensorFileError) {
    if let strings = tensor.strings {
      try self.init(strings: strings, shape: tensor.type.shape.dimensions)
      return
    }
    guard let type = tensor.type.element.numpyType else {
      throw TensorFileError(
        file: "array", reason: .invalidArgument, message: "\(tensor.type) cannot be stored in an .npy file")
    }
    let bytes: [UInt8]
    switch tensor.type.element {
    case .int4, .uint4, .int2: bytes = Self.unpacked(tensor)
    default: bytes = tensor.bytes
    }
    try self.init(type: type, shape: tensor.type.shape.dimensions, bytes: bytes)
  }

  private static func unpacked(_ tensor: Tensor) -> [UInt8] {
    let width = tensor.type.element.bitWidth
    let isSigned = tensor.type.element != .uint4
    let perByte = 8 / width
    let mask = UInt8(1 << width) - 1
    return (0..<tensor.type.shape.elementCount).map { index in
      let raw = (tensor.bytes[index / perByte] >> UInt8(index % perByte * width)) & mask
      guard isSigned, raw >> UInt8(width - 1) == 1 else { return raw }
      return raw | ~mask
    }
  }
}

extension Tensor {
  /// An array as a tensor of a given element type, without changing values; nil when the array's type does not store that element type.
  package init?(_ array: NumpyArray, as element: ElementType) {
    if element == .string {
      guard let strings = array.strings else { return nil }
      self.init(strings: strings, shape: array.shape)
      return
    }
    guard element.numpyType == array.type, let shape = Shape(array.shape) else { return nil }
    let bytes: [UInt8]
    switch element {
    case .int4, .uint4, .int2:
      let width = element.bitWidth
      let perByte = 8 / width
      let mask = UInt8(1 << width) - 1
      var packed = [UInt8](repeating: 0, count: (array.bytes.count + perByte - 1) / perByte)
      for (index, value) in array.bytes.enumerated() {
        packed[index / perByte] |= (value & mask) << UInt8(index % perByte * width)
      }
      bytes = packed
    default: bytes = array.bytes
    }
    self.init(type: TensorType(element: element, shape: shape), bytes: bytes)
  }
}
