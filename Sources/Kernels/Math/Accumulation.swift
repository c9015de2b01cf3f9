/// How elements are added up. Conforming types have no values; their functions are inlined into loops.
protocol Accumulation: Sendable {
  associatedtype Element: BitwiseCopyable & Sendable
  static var zero: Element { get }
  static func add(_ a: Element, _ b: Element) -> Element
}

/// Sums in single precision.
enum FloatAccumulation: Accumulation {
  @inline(__always) static var zero: Float { 0 }
  @inline(__always) static func add(_ a: Float, _ b: Float) -> Float { a + b }
}

/// Sums that wrap.
enum IntegerAccumulation<Element: FixedWidthInteger & BitwiseCopyable & Sendable>: Accumulation {
  @inline(__always) static var zero: Element { 0 }
  @inline(__always) static func add(_ a: Element, _ b: Element) -> Element { a &+ b }
}

/// Whether any is true.
enum BooleanAccumulation: Accumulation {
  @inline(__always) static var zero: UInt8 { 0 }
  @inline(__always) static func add(_ a: UInt8, _ b: UInt8) -> UInt8 { a | b }
}
