import FlatBuffers
import Kernels
import TensorTypes
import Testing

/// A tensor with a value, for operator tests.
public struct TestTensor {
  public var type: TensorType
  public var bytes: [UInt8]
  /// Whether the operator sees the value while it prepares.
  public var isConstant = false

  /// A tensor of `values` (its shape must have as many elements), of the element type that matches `T` unless another is given.
  public init<T: BitwiseCopyable>(
    _ values: [T], _ dimensions: [Int]? = nil, element: ElementType? = nil, quantization: Quantization = .none
  ) throws {
    let shape = try #require(Shape(dimensions ?? [values.count]))
    let element = try #require(element ?? ElementType(swiftType: T.self))
    type = TensorType(element: element, shape: shape, quantization: quantization)
    bytes = values.withUnsafeBytes { Array($0) }
    try #require(type.byteCount == bytes.count)
  }

  /// The strings; nil when the bytes are not a string tensor.
  public var strings: [String]? {
    guard let array = try? StringArray(copying: bytes.span.bytes) else { return nil }
    return array.strings.map { String(decoding: $0, as: UTF8.self) }
  }

  /// This tensor as a constant.
  public var constant: TestTensor {
    var tensor = self
    tensor.isConstant = true
    return tensor
  }

  /// The elements.
  public func values<T: BitwiseCopyable>(_ type: T.Type = T.self) -> [T] {
    bytes.withUnsafeBytes { buffer in
      (0..<buffer.count / MemoryLayout<T>.stride).map {
        buffer.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.stride, as: T.self)
      }
    }
  }

  public var floats: [Float] { values() }
}

extension ElementType {
  init?(swiftType: any BitwiseCopyable.Type) {
    switch swiftType {
    case is Float.Type: self = .float32
    case is Double.Type: self = .float64
    case is Float16.Type: self = .float16
    case is Int8.Type: self = .int8
    case is UInt8.Type: self = .uint8
    case is Int16.Type: self = .int16
    case is UInt16.Type: self = .uint16
    case is Int32.Type: self = .int32
    case is UInt32.Type: self = .uint32
    case is Int64.Type: self = .int64
    case is UInt64.Type: self = .uint64
    case is Bool.Type: self = .bool
    default: return nil
    }
  }
}
