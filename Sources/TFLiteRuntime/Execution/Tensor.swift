internal import FlatBuffers
internal import Kernels
public import TensorTypes

/// A tensor by value: what goes into and comes out of a model where copying is no concern.
public struct Tensor: Sendable, Hashable {
  public let type: TensorType
  /// The elements in row-major order, as they are in memory (elements below eight bits packed).
  public let bytes: [UInt8]

  /// A tensor with these bytes; nil unless there are as many as the type asks for. Strings are laid out as in TFLite.
  public init?(type: TensorType, bytes: [UInt8]) {
    if type.element == .string {
      guard Self.stringArray(bytes)?.count == type.shape.elementCount else { return nil }
    } else {
      guard type.byteCount == bytes.count else { return nil }
    }
    self.type = type
    self.bytes = bytes
  }

  /// A tensor of `values` in row-major order; nil unless the shape has as many elements.
  public init?<T: TensorScalar>(_ values: [T], shape: [Int]) {
    guard let shape = Shape(shape), shape.elementCount == values.count else { return nil }
    type = TensorType(element: T.elementType, shape: shape)
    bytes = unsafe values.withUnsafeBytes { unsafe Array($0) }
  }

  /// A tensor of byte strings in row-major order; nil unless the shape has as many elements.
  public init?(strings: [[UInt8]], shape: [Int]) {
    guard let shape = Shape(shape), shape.elementCount == strings.count, let array = try? StringArray(strings) else {
      return nil
    }
    type = TensorType(element: .string, shape: shape)
    bytes = array.layout
  }

  /// A tensor of texts, as UTF-8, in row-major order; nil unless the shape has as many elements.
  public init?(strings: [String], shape: [Int]) { self.init(strings: strings.map { Array($0.utf8) }, shape: shape) }

  /// The strings of a string tensor; nil for other tensors.
  public var strings: [[UInt8]]? { type.element == .string ? Self.stringArray(bytes)?.strings : nil }

  private static func stringArray(_ bytes: [UInt8]) -> StringArray? {
    (try? unsafe SharedBytes(copying: bytes.span.bytes)).flatMap { try? StringArray($0) }
  }

  /// The elements; nil when they are of another type.
  public func values<T: TensorScalar>(as scalar: T.Type = T.self) -> [T]? {
    guard type.element == T.elementType else { return nil }
    return unsafe bytes.withUnsafeBytes { buffer in
      (0..<buffer.count / MemoryLayout<T>.stride).map {
        unsafe buffer.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.stride, as: T.self)
      }
    }
  }

  /// The elements as real numbers: quantised integers are dequantised with the tensor's scale and zero point. nil for strings, complex
  /// numbers, handles and per-channel quantisation.
  public var realValues: [Float]? {
    func read<T: TensorScalar>(_: T.Type, _ convert: (T) -> Float) -> [Float] {
      (values(as: T.self) ?? []).map(convert)
    }
    let raw: [Float]
    switch type.element {
    case .float32: return values()
    case .float16: return read(Float16.self) { Float($0) }
    case .float64: return read(Double.self) { Float($0) }
    case .int8: raw = read(Int8.self) { Float($0) }
    case .uint8: raw = read(UInt8.self) { Float($0) }
    case .int16: raw = read(Int16.self) { Float($0) }
    case .uint16: raw = read(UInt16.self) { Float($0) }
    case .int32: raw = read(Int32.self) { Float($0) }
    case .uint32: raw = read(UInt32.self) { Float($0) }
    case .int64: raw = read(Int64.self) { Float($0) }
    case .uint64: raw = read(UInt64.self) { Float($0) }
    case .bool: raw = read(Bool.self) { $0 ? 1 : 0 }
    default: return nil
    }
    switch type.quantization {
    case .none: return raw
    case .perTensor(let scale, let zeroPoint): return raw.map { ($0 - Float(zeroPoint)) * scale }
    default: return nil
    }
  }
}

/// A Swift type that is the element of a tensor.
public protocol TensorScalar: BitwiseCopyable, Sendable {
  static var elementType: ElementType { get }
}

extension Float: TensorScalar { public static var elementType: ElementType { .float32 } }
extension Float16: TensorScalar { public static var elementType: ElementType { .float16 } }
extension Double: TensorScalar { public static var elementType: ElementType { .float64 } }
extension Int8: TensorScalar { public static var elementType: ElementType { .int8 } }
extension UInt8: TensorScalar { public static var elementType: ElementType { .uint8 } }
extension Int16: TensorScalar { public static var elementType: ElementType { .int16 } }
extension UInt16: TensorScalar { public static var elementType: ElementType { .uint16 } }
extension Int32: TensorScalar { public static var elementType: ElementType { .int32 } }
extension UInt32: TensorScalar { public static var elementType: ElementType { .uint32 } }
extension Int64: TensorScalar { public static var elementType: ElementType { .int64 } }
extension UInt64: TensorScalar { public static var elementType: ElementType { .uint64 } }
extension Bool: TensorScalar { public static var elementType: ElementType { .bool } }
