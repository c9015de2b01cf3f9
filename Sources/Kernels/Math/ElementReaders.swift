/// Widens elements of one type.
protocol ElementReader: Sendable {
  associatedtype Element: BitwiseCopyable
  associatedtype Wide: Numeric & BitwiseCopyable & Sendable
  func widen(_ x: Element) -> Wide
}

struct IntegerReader<T: FixedWidthInteger & BitwiseCopyable & Sendable>: ElementReader {
  @inline(__always) func widen(_ x: T) -> Int64 { Int64(truncatingIfNeeded: x) }
}

struct UnsignedReader: ElementReader {
  @inline(__always) func widen(_ x: UInt64) -> UInt64 { x }
}

/// Any byte but 0 counts as true.
struct BoolReader: ElementReader {
  @inline(__always) func widen(_ x: UInt8) -> Int64 { x == 0 ? 0 : 1 }
}

struct Float16Reader: ElementReader {
  @inline(__always) func widen(_ x: UInt16) -> Float { Float(halfBits: x) }
}

struct BFloat16Reader: ElementReader {
  @inline(__always) func widen(_ x: BFloat16) -> Float { Float(x) }
}

struct Float8Reader: ElementReader {
  let values: Float8ToFloat
  @inline(__always) func widen(_ x: UInt8) -> Float { values.apply(x) }
}

struct Float32Reader: ElementReader {
  @inline(__always) func widen(_ x: Float) -> Float { x }
}

struct Float64Reader: ElementReader {
  @inline(__always) func widen(_ x: Double) -> Double { x }
}

/// The real part.
struct ComplexReader: ElementReader {
  @inline(__always) func widen(_ x: SIMD2<Float>) -> Float { x.x }
}

/// Narrows wide elements to any type.
protocol ElementWriter: Sendable {
  associatedtype Wide: Numeric & BitwiseCopyable & Sendable
  static func integer<T: FixedWidthInteger>(_ x: Wide) -> T
  static func float(_ x: Wide) -> Float
  static func double(_ x: Wide) -> Double
}

struct IntegerWriter: ElementWriter {
  @inline(__always) static func integer<T: FixedWidthInteger>(_ x: Int64) -> T { T(truncatingIfNeeded: x) }
  @inline(__always) static func float(_ x: Int64) -> Float { Float(x) }
  @inline(__always) static func double(_ x: Int64) -> Double { Double(x) }
}

struct UnsignedWriter: ElementWriter {
  @inline(__always) static func integer<T: FixedWidthInteger>(_ x: UInt64) -> T { T(truncatingIfNeeded: x) }
  @inline(__always) static func float(_ x: UInt64) -> Float { Float(x) }
  @inline(__always) static func double(_ x: UInt64) -> Double { Double(x) }
}

struct FloatWriter: ElementWriter {
  @inline(__always) static func integer<T: FixedWidthInteger>(_ x: Float) -> T { T(limiting: x) }
  @inline(__always) static func float(_ x: Float) -> Float { x }
  @inline(__always) static func double(_ x: Float) -> Double { Double(x) }
}

struct DoubleWriter: ElementWriter {
  @inline(__always) static func integer<T: FixedWidthInteger>(_ x: Double) -> T { T(limiting: x) }
  @inline(__always) static func float(_ x: Double) -> Float { Float(x) }
  @inline(__always) static func double(_ x: Double) -> Double { x }
}

extension FixedWidthInteger {
  /// The integer part, the nearest representable number when out of range, the largest for NaN.
  @inline(__always)
  init<F: BinaryFloatingPoint>(limiting x: F) {
    // Twice half the limit is exact, the limit itself is not.
    let end = F(Self.max / 2 + 1) * 2
    if x < F(Self.min) {
      self = .min
    } else if x < end {
      self = Self(x)
    } else {
      self = .max
    }
  }
}
