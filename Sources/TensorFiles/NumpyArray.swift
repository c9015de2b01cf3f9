#if !_endian(little)
  #error("Arrays are kept little-endian, as the processors of this package are.")
#endif

/// An array as `.npy` files store it.
package struct NumpyArray: Hashable, Sendable {
  package let type: NumpyType
  package let shape: [Int]
  /// The elements in C order (the last index changes fastest), little-endian, without gaps.
  package let bytes: [UInt8]

  /// The number of elements: the product of the shape.
  package var count: Int { type.itemSize == 0 ? 0 : bytes.count / type.itemSize }

  /// Makes an array of bytes that are in C order and little-endian.
  ///
  /// Throws ``TensorFileError`` (`invalidArgument`) unless `bytes` has the size that the type and the shape ask for.
  package init(type: NumpyType, shape: [Int], bytes: [UInt8]) throws(TensorFileError) {
    let byteCount: Int
    do throws(Problem) {
      byteCount = try NumpyHeader.sizes(of: type, shape: shape).byteCount
    } catch {
      throw TensorFileError(file: "array", reason: .invalidArgument, message: error.message)
    }
    guard bytes.count == byteCount, type.itemSize > 0 || shape.contains(0) else {
      throw TensorFileError(
        file: "array", reason: .invalidArgument,
        message: "\(bytes.count) bytes do not make shape \(text(of: shape)) of \(type.descriptor)")
    }
    self.init(checkedType: type, shape: shape, bytes: bytes)
  }

  init(checkedType type: NumpyType, shape: [Int], bytes: [UInt8]) {
    self.type = type
    self.shape = shape
    self.bytes = bytes
  }
}

// MARK: Numbers

/// A Swift type that is an element type of ``NumpyArray``, bit for bit.
package protocol NumpyScalar: BitwiseCopyable {
  static var numpyType: NumpyType { get }
}

extension Bool: NumpyScalar { package static var numpyType: NumpyType { .bool } }
extension Int8: NumpyScalar { package static var numpyType: NumpyType { .int8 } }
extension Int16: NumpyScalar { package static var numpyType: NumpyType { .int16 } }
extension Int32: NumpyScalar { package static var numpyType: NumpyType { .int32 } }
extension Int64: NumpyScalar { package static var numpyType: NumpyType { .int64 } }
extension UInt8: NumpyScalar { package static var numpyType: NumpyType { .uint8 } }
extension UInt16: NumpyScalar { package static var numpyType: NumpyType { .uint16 } }
extension UInt32: NumpyScalar { package static var numpyType: NumpyType { .uint32 } }
extension UInt64: NumpyScalar { package static var numpyType: NumpyType { .uint64 } }
extension Float16: NumpyScalar { package static var numpyType: NumpyType { .float16 } }
extension Float: NumpyScalar { package static var numpyType: NumpyType { .float32 } }
extension Double: NumpyScalar { package static var numpyType: NumpyType { .float64 } }

extension NumpyArray {
  /// Makes an array of elements in C order. Throws unless their number is the product of the shape.
  package init<Scalar: NumpyScalar>(_ elements: [Scalar], shape: [Int]) throws(TensorFileError) {
    let bytes = unsafe elements.withUnsafeBytes { (buffer) -> [UInt8] in unsafe Array(buffer) }
    try self.init(type: Scalar.numpyType, shape: shape, bytes: bytes)
  }

  /// The elements in C order, or nil when the array has another element type. Nothing is converted.
  package func elements<Scalar: NumpyScalar>(as scalar: Scalar.Type = Scalar.self) -> [Scalar]? {
    guard Scalar.numpyType == type else { return nil }
    let count = count
    return unsafe [Scalar](unsafeUninitializedCapacity: count) { (buffer, initializedCount) in
      unsafe UnsafeMutableRawBufferPointer(buffer).copyBytes(from: bytes)
      initializedCount = count
    }
  }
}
