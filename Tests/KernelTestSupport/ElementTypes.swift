import Kernels
import TensorTypes
import Testing

extension ElementType {
  /// The types that operators compute with directly in floating point.
  public static let reals: [ElementType] = [.float32, .float16, .bfloat16]

  /// The difference between 1 and the next number of a floating type; 0 for others.
  public var epsilon: Double {
    switch self {
    case .float64: .ulpOfOne
    case .float32: Double(Float.ulpOfOne)
    case .float16: 1.0 / 1024
    case .bfloat16: 1.0 / 128
    default: 0
    }
  }

  /// The integers of an integer type; nil for other types.
  public var integerLimits: ClosedRange<Int>? {
    switch self {
    case .int2: -2...1
    case .int4: -8...7
    case .uint4: 0...15
    case .int8: -128...127
    case .uint8: 0...255
    case .int16: -32768...32767
    case .uint16: 0...65535
    case .int32: Int(Int32.min)...Int(Int32.max)
    case .uint32: 0...Int(UInt32.max)
    case .int64: Int.min...Int.max
    case .uint64: 0...Int.max
    default: nil
    }
  }

  /// `value` as the nearest number of a floating type, or itself.
  public func rounded(_ value: Double) -> Double {
    switch self {
    case .float32: Double(Float(value))
    case .float16: Double(Float16(value))
    case .bfloat16: Double(Float(bfloat16Bits: bfloat16Bits(value)))
    default: value
    }
  }
}

private func bfloat16Bits(_ value: Double) -> UInt16 {
  let float = Float(value)
  if float.isNaN { return 0x7FC0 }
  // Adding a half of what is dropped, less one where the kept part is even, rounds to nearest even.
  let bits = float.bitPattern
  return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
}

extension Float {
  fileprivate init(bfloat16Bits bits: UInt16) { self.init(bitPattern: UInt32(bits) << 16) }
}

extension TestTensor {
  /// A tensor of numbers in any numeric element type: rounded to floating types, truncated to integer types, not 0 is true, the real part of
  /// complex numbers.
  public init(
    numbers: [Double], _ dimensions: [Int]? = nil, as element: ElementType, quantization: Quantization = .none
  ) throws {
    switch element {
    case .float32:
      try self.init(numbers.map { Float($0) }, dimensions, quantization: quantization)
    case .float16: try self.init(numbers.map { Float16($0) }, dimensions)
    case .bfloat16: try self.init(numbers.map { bfloat16Bits($0) }, dimensions, element: .bfloat16)
    case .float64: try self.init(numbers, dimensions)
    case .complex64: try self.init(numbers.map { SIMD2(Float($0), 0) }, dimensions, element: .complex64)
    case .bool: try self.init(numbers.map { $0 != 0 }, dimensions)
    default:
      try self.init(integers: numbers.map { Int($0) }, dimensions, as: element, quantization: quantization)
    }
  }

  /// A tensor of integers in an integer element type, or of numbers in any other numeric one.
  public init(
    integers: [Int], _ dimensions: [Int]? = nil, as element: ElementType, quantization: Quantization = .none
  ) throws {
    func store<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type) throws -> TestTensor {
      try TestTensor(
        integers.map { T(truncatingIfNeeded: $0) }, dimensions, element: element, quantization: quantization)
    }
    switch element {
    case .int8: self = try store(Int8.self)
    case .uint8: self = try store(UInt8.self)
    case .int16: self = try store(Int16.self)
    case .uint16: self = try store(UInt16.self)
    case .int32: self = try store(Int32.self)
    case .uint32: self = try store(UInt32.self)
    case .int64: self = try store(Int64.self)
    case .uint64: self = try store(UInt64.self)
    case .int2, .int4, .uint4:
      let perByte = 8 / element.bitWidth
      var bytes = [UInt8](repeating: 0, count: (integers.count + perByte - 1) / perByte)
      for (index, value) in integers.enumerated() {
        let bits = UInt8(truncatingIfNeeded: value) & UInt8((1 << element.bitWidth) - 1)
        bytes[index / perByte] |= bits << UInt8(index % perByte * element.bitWidth)
      }
      try self.init(bytes, dimensions ?? [integers.count], element: element, quantization: quantization)
    default:
      try self.init(numbers: integers.map { Double($0) }, dimensions, as: element, quantization: quantization)
    }
  }

  /// Zeros (empty strings) of any element type, quantised with one scale where the type may be.
  public init(zeros element: ElementType, _ dimensions: [Int]) throws {
    if element == .string {
      try self.init(strings: [String](repeating: "", count: dimensions.reduce(1, *)), dimensions)
      return
    }
    let count = try #require(element.byteCount(of: dimensions.reduce(1, *)))
    try self.init(
      [UInt8](repeating: 0, count: count), dimensions, element: element, quantization: .usual(for: element))
  }

  /// Strings as TFLite stores them: their number, the offsets where they begin and the last ends, their bytes.
  public init(strings: [String], _ dimensions: [Int]? = nil) throws {
    var stored: [UInt8] = []
    func put(_ value: Int) { withUnsafeBytes(of: Int32(value)) { stored.append(contentsOf: $0) } }
    put(strings.count)
    var offset = 4 * (strings.count + 2)
    put(offset)
    for string in strings {
      offset += string.utf8.count
      put(offset)
    }
    for string in strings { stored.append(contentsOf: string.utf8) }
    try self.init([UInt8](), [0])
    type = TensorType(element: .string, shape: try #require(Shape(dimensions ?? [strings.count])))
    bytes = stored
  }

  /// The elements as integers, for integer element types and `bool`.
  public var integers: [Int] {
    switch type.element {
    case .int8: values(Int8.self).map { Int($0) }
    case .uint8, .bool: values(UInt8.self).map { Int($0) }
    case .int16: values(Int16.self).map { Int($0) }
    case .uint16: values(UInt16.self).map { Int($0) }
    case .int32: values(Int32.self).map { Int($0) }
    case .uint32: values(UInt32.self).map { Int($0) }
    case .int64: values(Int64.self).map { Int($0) }
    case .uint64: values(UInt64.self).map { Int(truncatingIfNeeded: $0) }
    case .int2, .int4, .uint4: packedIntegers
    default: []
    }
  }

  private var packedIntegers: [Int] {
    let bits = type.element.bitWidth
    return (0..<type.shape.elementCount).map { index in
      let place = index * bits
      let value = Int(bytes[place / 8] >> UInt8(place % 8)) & ((1 << bits) - 1)
      let isNegative = type.element != .uint4 && value >> (bits - 1) == 1
      return isNegative ? value - 1 << bits : value
    }
  }

  /// The elements as numbers, the real part of complex ones.
  public var numbers: [Double] {
    switch type.element {
    case .float32: floats.map { Double($0) }
    case .float16: values(Float16.self).map { Double($0) }
    case .bfloat16: values(UInt16.self).map { Double(Float(bfloat16Bits: $0)) }
    case .float64: values(Double.self)
    case .complex64: values(SIMD2<Float>.self).map { Double($0.x) }
    default: integers.map { Double($0) }
    }
  }
}

extension Quantization {
  /// A quantisation that most operators take for elements of a type: none, or a scale of a half with zero point 0.
  public static func usual(for element: ElementType) -> Quantization {
    element.isNarrowInteger ? .perTensor(scale: 0.5, zeroPoint: 0) : .none
  }
}

extension ElementType {
  /// The types whose elements have a fixed width, which operators that only move elements take.
  public static let movable = allCases.filter { $0.bitWidth > 0 }
}

extension TestTensor {
  /// A tensor whose elements, of any type of fixed width, have bits that follow from these numbers: equal for equal numbers, and for types of
  /// a byte or more different for numbers from 0 to 255.
  public init(
    patterns: [Int], _ dimensions: [Int], as element: ElementType, quantization: Quantization = .none
  ) throws {
    if element.bitWidth < 8 {
      try self.init(integers: patterns, dimensions, as: element, quantization: quantization)
      return
    }
    let bytes = patterns.flatMap { number in
      (0..<element.bitWidth / 8).map { UInt8(truncatingIfNeeded: number &+ 83 &* $0) }
    }
    try self.init(bytes, dimensions, element: element, quantization: quantization)
  }
}
