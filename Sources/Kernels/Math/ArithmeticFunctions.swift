internal import TensorTypes

/// The sum of two real numbers, clamped.
struct RealSum<T: BinaryFloatingPoint & BitwiseCopyable & Sendable>: BinaryElementFunction {
  let low: T
  let high: T
  init(_ activation: FusedActivation) throws(OperatorError) {
    let range = try activation.finiteRange(T.self)
    low = range.lowerBound
    high = range.upperBound
  }
  @inline(__always) func apply(_ a: T, _ b: T) -> T { clamped(a + b, low, high) }
}

/// The sum of two integers, wrapped and then clamped.
struct WrappedSum<T: FixedWidthInteger & BitwiseCopyable & Sendable>: BinaryElementFunction {
  let low: T
  let high: T
  init(_ activation: FusedActivation) throws(OperatorError) {
    let range = try activation.integerRange(T.self)
    low = range.lowerBound
    high = range.upperBound
  }
  @inline(__always) func apply(_ a: T, _ b: T) -> T { clamped(a &+ b, low, high) }
}

/// The difference of two integers, wrapped and then clamped.
struct WrappedDifference<T: FixedWidthInteger & BitwiseCopyable & Sendable>: BinaryElementFunction {
  let low: T
  let high: T
  init(_ activation: FusedActivation) throws(OperatorError) {
    let range = try activation.integerRange(T.self)
    low = range.lowerBound
    high = range.upperBound
  }
  @inline(__always) func apply(_ a: T, _ b: T) -> T { clamped(a &- b, low, high) }
}

/// The product of two integers, wrapped and then clamped.
struct WrappedProduct<T: FixedWidthInteger & BitwiseCopyable & Sendable>: BinaryElementFunction {
  let low: T
  let high: T
  init(_ activation: FusedActivation) throws(OperatorError) {
    let range = try activation.integerRange(T.self)
    low = range.lowerBound
    high = range.upperBound
  }
  @inline(__always) func apply(_ a: T, _ b: T) -> T { clamped(a &* b, low, high) }
}

/// The product of two complex numbers (real part, imaginary part).
struct ComplexProduct: BinaryElementFunction {
  @inline(__always) func apply(_ a: SIMD2<Float>, _ b: SIMD2<Float>) -> SIMD2<Float> {
    SIMD2(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x)
  }
}
