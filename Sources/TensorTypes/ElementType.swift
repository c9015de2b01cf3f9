/// The type of a tensor's elements. Raw values are the schema's `TensorType`.
public enum ElementType: UInt8, Sendable, Hashable, CaseIterable {
  case float32 = 0
  case float16 = 1
  case int32 = 2
  case uint8 = 3
  case int64 = 4
  case string = 5
  case bool = 6
  case int16 = 7
  case complex64 = 8
  case int8 = 9
  case float64 = 10
  case complex128 = 11
  case uint64 = 12
  case resource = 13
  case variant = 14
  case uint32 = 15
  case uint16 = 16
  case int4 = 17
  case bfloat16 = 18
  case int2 = 19
  case uint4 = 20
  case float8E4M3FN = 21
  case float8E5M2 = 22

  /// Bits of one element. Elements below eight bits are packed, the first in the lowest bits. `string` has no fixed width and
  /// answers 0; `resource` and `variant` are 32-bit handles.
  public var bitWidth: Int {
    switch self {
    case .string: 0
    case .int2: 2
    case .int4, .uint4: 4
    case .uint8, .bool, .int8, .float8E4M3FN, .float8E5M2: 8
    case .float16, .int16, .uint16, .bfloat16: 16
    case .float32, .int32, .uint32, .resource, .variant: 32
    case .int64, .float64, .uint64, .complex64: 64
    case .complex128: 128
    }
  }

  /// Bytes that `count` elements occupy; nil for strings and where the size does not fit in an `Int`.
  public func byteCount(of count: Int) -> Int? {
    guard bitWidth > 0, count >= 0 else { return nil }
    let (bits, overflow) = count.multipliedReportingOverflow(by: bitWidth)
    guard !overflow, bits <= Int.max - 7 else { return nil }
    return (bits + 7) / 8
  }

  /// Whether values of this type are integers of at most 16 bits, the types that may carry a quantisation.
  public var isNarrowInteger: Bool {
    switch self {
    case .int2, .int4, .uint4, .int8, .uint8, .int16, .uint16: true
    default: false
    }
  }
}

extension ElementType: CustomStringConvertible {
  public var description: String {
    switch self {
    case .float32: "float32"
    case .float16: "float16"
    case .int32: "int32"
    case .uint8: "uint8"
    case .int64: "int64"
    case .string: "string"
    case .bool: "bool"
    case .int16: "int16"
    case .complex64: "complex64"
    case .int8: "int8"
    case .float64: "float64"
    case .complex128: "complex128"
    case .uint64: "uint64"
    case .resource: "resource"
    case .variant: "variant"
    case .uint32: "uint32"
    case .uint16: "uint16"
    case .int4: "int4"
    case .bfloat16: "bfloat16"
    case .int2: "int2"
    case .uint4: "uint4"
    case .float8E4M3FN: "float8_e4m3fn"
    case .float8E5M2: "float8_e5m2"
    }
  }
}
