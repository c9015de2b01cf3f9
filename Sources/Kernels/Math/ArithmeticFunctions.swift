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

/// A combination of two integers that wraps and is then clamped.
struct ClampedCombination<C: Combination, T: FixedWidthInteger & BitwiseCopyable & Sendable>: BinaryElementFunction {
  let low: T
  let high: T
  @inline(__always) func apply(_ a: T, _ b: T) -> T { clamped(C.integer(a, b), low, high) }
}

extension Combination {
  /// The kernel that combines integers, which wraps, with a fused activation.
  static func kernel<T: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _: T.Type, _ activation: FusedActivation, _ broadcast: Broadcast
  ) throws(OperatorError) -> Kernel {
    // Not all vector units compare integers of all sizes.
    if activation == .none { return IntegerCombination<Self, T>().kernel(broadcast) }
    let range = try activation.integerRange(T.self)
    return ClampedCombination<Self, T>(low: range.lowerBound, high: range.upperBound).kernel(broadcast)
  }
}

/// The product of two complex numbers (real part, imaginary part).
struct ComplexProduct: BinaryElementFunction {
  @inline(__always) func apply(_ a: SIMD2<Float>, _ b: SIMD2<Float>) -> SIMD2<Float> {
    SIMD2(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x)
  }
}
