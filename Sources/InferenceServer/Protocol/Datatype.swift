package import TensorTypes

/// The protocol's element types, by the names that it writes.
package enum Datatype: String, Sendable, Hashable, CaseIterable {
  case bool = "BOOL"
  case uint8 = "UINT8"
  case uint16 = "UINT16"
  case uint32 = "UINT32"
  case uint64 = "UINT64"
  case int8 = "INT8"
  case int16 = "INT16"
  case int32 = "INT32"
  case int64 = "INT64"
  case fp16 = "FP16"
  case fp32 = "FP32"
  case fp64 = "FP64"
  case bf16 = "BF16"
  case bytes = "BYTES"

  /// The model's element type.
  package var element: ElementType {
    switch self {
    case .bool: .bool
    case .uint8: .uint8
    case .uint16: .uint16
    case .uint32: .uint32
    case .uint64: .uint64
    case .int8: .int8
    case .int16: .int16
    case .int32: .int32
    case .int64: .int64
    case .fp16: .float16
    case .fp32: .float32
    case .fp64: .float64
    case .bf16: .bfloat16
    case .bytes: .string
    }
  }

  /// Bytes of one element; nil for ``bytes``.
  package var size: Int? { self == .bytes ? nil : element.bitWidth / 8 }

  /// nil for element types that the protocol has no name for (complex numbers, elements below eight bits, handles).
  package init?(_ element: ElementType) {
    guard let found = Self.allCases.first(where: { $0.element == element }) else { return nil }
    self = found
  }
}
