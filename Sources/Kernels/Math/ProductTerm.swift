internal import TensorTypes

/// What the multiplication of two elements adds to a sum of products. Conforming types are small values whose functions are inlined into the
/// loops.
protocol ProductTerm: Sendable {
  associatedtype Left: BitwiseCopyable
  associatedtype Right: BitwiseCopyable
  associatedtype Sum: Sendable
  /// The sum of nothing.
  var zero: Sum { get }
  func add(_ sum: Sum, _ x: Left, _ w: Right) -> Sum
}

extension ProductTerm {
  /// The sum with the products of two rows.
  @inline(__always)
  func add(_ sum: Sum, _ x: Span<Left>, _ w: Span<Right>) -> Sum {
    var sum = sum
    precondition(x.count == w.count)
    for i in x.indices { sum = add(sum, x[i], w[i]) }
    return sum
  }
}

/// Products of floats.
struct FloatTerm: ProductTerm {
  var zero: Float { 0 }
  @inline(__always) func add(_ sum: Float, _ x: Float, _ w: Float) -> Float { sum + x * w }
}

/// Products of activations that were quantised while the model runs with weights, and the weights that took part.
struct HybridTerm: ProductTerm {
  struct Sum: Sendable {
    var products: Int32
    var weights: Int32
  }
  var zero: Sum { Sum(products: 0, weights: 0) }
  @inline(__always) func add(_ sum: Sum, _ x: Int8, _ w: Int8) -> Sum {
    Sum(products: sum.products &+ Int32(x) &* Int32(w), weights: sum.weights &+ Int32(w))
  }
}

/// Products of 8-bit elements with zero points, in 32 bits.
struct NarrowTerm<Element: FixedWidthInteger & BitwiseCopyable & Sendable>: ProductTerm {
  let leftZeroPoint: Int32
  let rightZeroPoint: Int32
  var zero: Int32 { 0 }
  @inline(__always) func add(_ sum: Int32, _ x: Element, _ w: Element) -> Int32 {
    sum &+ (Int32(truncatingIfNeeded: x) &- leftZeroPoint) &* (Int32(truncatingIfNeeded: w) &- rightZeroPoint)
  }
}

/// Products of `int16` with 8- or 16-bit weights, in 64 bits or wrapping in 32.
struct WideTerm<Right: FixedWidthInteger & BitwiseCopyable & Sendable, Sum: FixedWidthInteger & Sendable>: ProductTerm {
  let rightZeroPoint: Sum
  var zero: Sum { 0 }
  @inline(__always) func add(_ sum: Sum, _ x: Int16, _ w: Right) -> Sum {
    sum &+ Sum(truncatingIfNeeded: x) &* (Sum(truncatingIfNeeded: w) &- rightZeroPoint)
  }
}
