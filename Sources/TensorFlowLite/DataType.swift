internal import TensorTypes

extension Tensor {
  /// The type of a tensor's elements.
  ///
  /// TensorFlowLiteSwift has the first eight; of tensors with the other types it says ``InterpreterError/invalidTensorDataType``.
  public enum DataType: Equatable, Hashable, Sendable {
    case bool
    case uInt8
    case int16
    case int32
    case int64
    case float16
    case float32
    case float64

    case int8
    case uInt16
    case uInt32
    case uInt64
    /// Two elements in a byte.
    case int4
    /// Two elements in a byte.
    case uInt4
    /// Four elements in a byte.
    case int2
    case bFloat16
    case float8E4M3FN
    case float8E5M2
    /// Real and imaginary part as `Float`.
    case complex64
    /// Real and imaginary part as `Double`.
    case complex128
    case string

    /// nil for handles of variables and tables, which have no value that could be copied.
    init?(_ element: ElementType) {
      switch element {
      case .bool: self = .bool
      case .uint8: self = .uInt8
      case .int16: self = .int16
      case .int32: self = .int32
      case .int64: self = .int64
      case .float16: self = .float16
      case .float32: self = .float32
      case .float64: self = .float64
      case .int8: self = .int8
      case .uint16: self = .uInt16
      case .uint32: self = .uInt32
      case .uint64: self = .uInt64
      case .int4: self = .int4
      case .uint4: self = .uInt4
      case .int2: self = .int2
      case .bfloat16: self = .bFloat16
      case .float8E4M3FN: self = .float8E4M3FN
      case .float8E5M2: self = .float8E5M2
      case .complex64: self = .complex64
      case .complex128: self = .complex128
      case .string: self = .string
      case .resource, .variant: return nil
      }
    }
  }
}
