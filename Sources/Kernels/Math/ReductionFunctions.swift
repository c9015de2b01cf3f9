internal import CKernels
internal import TensorTypes

/// How a reduction folds elements. Conforming types are small values; their functions are inlined into the loops of ``Reduction/run(_:_:)``.
protocol ReductionFunction: Sendable {
  associatedtype Element: BitwiseCopyable
  associatedtype Accumulator: BitwiseCopyable & Sendable
  associatedtype Result: BitwiseCopyable

  /// The accumulator before the first element, also that of empty results.
  var initial: Accumulator { get }
  /// The accumulator with which a reduction of all elements starts.
  func seed(_ first: Element) -> Accumulator
  /// The accumulator after another element.
  func fold(_ accumulator: Accumulator, _ element: Element) -> Accumulator
  /// The accumulator after a row of elements.
  func foldRow(_ start: Accumulator, _ row: Span<Element>) -> Accumulator
  /// What the C kernels call this, where accumulators are theirs: of the elements' type, for sums of integers `Int32`.
  static var fold: tflk_fold? { get }
  /// The result for an accumulator.
  func finish(_ accumulator: Accumulator) -> Result
  /// The results for as many accumulators, which are not needed any more.
  func finish(_ accumulators: inout MutableSpan<Accumulator>, _ results: inout MutableSpan<Result>)
}

extension ReductionFunction {
  @inline(__always) func seed(_ first: Element) -> Accumulator { initial }

  @inline(__always) func foldRow(_ start: Accumulator, _ row: Span<Element>) -> Accumulator {
    var accumulator = start
    for i in row.indices { accumulator = fold(accumulator, row[i]) }
    return accumulator
  }

  static var fold: tflk_fold? { nil }

  @inline(__always)
  func finish(_ accumulators: inout MutableSpan<Accumulator>, _ results: inout MutableSpan<Result>) {
    precondition(accumulators.count == results.count)
    for i in results.indices { results[i] = finish(accumulators[i]) }
  }
}

extension ReductionFunction where Accumulator == Result {
  @inline(__always) func finish(_ accumulator: Accumulator) -> Result { accumulator }
}

/// Sums of floats, divided at the end.
struct FloatSumReduction: ReductionFunction {
  static var fold: tflk_fold? { TFLK_FOLD_SUM }

  /// What sums are divided by; 1 leaves them as they are.
  let divisor: Float

  @inline(__always) var initial: Float { 0 }
  @inline(__always) func fold(_ sum: Float, _ x: Float) -> Float { sum + x }
  @inline(__always) func foldRow(_ start: Float, _ row: Span<Float>) -> Float { sumRow(start, row) }
  @inline(__always) func finish(_ sum: Float) -> Float { sum / divisor }
}

/// Products of floats.
struct FloatProductReduction: ReductionFunction {
  @inline(__always) var initial: Float { 1 }
  @inline(__always) func fold(_ product: Float, _ x: Float) -> Float { product * x }
}

/// Sums that wrap.
struct IntegerSumReduction<Element: FixedWidthInteger & BitwiseCopyable & Sendable>: ReductionFunction {
  static var fold: tflk_fold? { TFLK_FOLD_SUM }

  @inline(__always) var initial: Element { 0 }
  @inline(__always) func fold(_ sum: Element, _ x: Element) -> Element { sum &+ x }
}

/// Products that wrap.
struct IntegerProductReduction<Element: FixedWidthInteger & BitwiseCopyable & Sendable>: ReductionFunction {
  @inline(__always) var initial: Element { 1 }
  @inline(__always) func fold(_ product: Element, _ x: Element) -> Element { product &* x }
}

/// Means of integers, truncated towards zero.
struct IntegerMeanReduction<Element: FixedWidthInteger & BitwiseCopyable & Sendable>: ReductionFunction {
  let count: Int64

  @inline(__always) var initial: Int64 { 0 }
  @inline(__always) func fold(_ sum: Int64, _ x: Element) -> Int64 { sum &+ Int64(truncatingIfNeeded: x) }
  @inline(__always) func finish(_ sum: Int64) -> Element { count > 0 ? Element(truncatingIfNeeded: sum / count) : 0 }
}

/// Means of quantised elements.
struct QuantizedMeanReduction<Element: FixedWidthInteger & BitwiseCopyable & Sendable>: ReductionFunction {
  static var fold: tflk_fold? { TFLK_FOLD_SUM }

  let multiplier: QuantizedMultiplier
  /// The zero points of the folded elements.
  let bias: Int32
  let zeroPoint: Int32
  let isEmpty: Bool

  @inline(__always) var initial: Int32 { 0 }
  @inline(__always) func fold(_ sum: Int32, _ x: Element) -> Int32 { sum &+ Int32(truncatingIfNeeded: x) }
  @inline(__always) func finish(_ sum: Int32) -> Element {
    if isEmpty { return 0 }
    let mean = multiplier.apply(sum &- bias) &+ zeroPoint
    return Element(truncatingIfNeeded: min(max(mean, Int32(Element.min)), Int32(Element.max)))
  }

  func finish(_ sums: inout MutableSpan<Int32>, _ results: inout MutableSpan<Element>) {
    precondition(sums.count == results.count)
    guard !isEmpty, multiplier.shift <= 0, let type = foldedType(Element.self) else {
      for i in results.indices { results[i] = finish(sums[i]) }
      return
    }
    for i in sums.indices { sums[i] = sums[i] &- bias }
    var output = unsafe tflk_quantized_output()
    unsafe output.type = type
    unsafe output.output_zero_point = zeroPoint
    unsafe output.activation_min = Int32(Element.min)
    unsafe output.activation_max = Int32(Element.max)
    // Safety: as many results as sums, of the type that the format names.
    unsafe sums.withUnsafeMutableBufferPointer { sums in
      unsafe results.withUnsafeMutableBufferPointer { results in
        unsafe output.data = UnsafeMutableRawPointer(results.baseAddress)
        unsafe Microkernels.best.table.pointee.requantize(
          sums.baseAddress, sums.count, multiplier.multiplier, multiplier.shift, &output)
      }
    }
  }
}

/// Sums of quantised elements.
struct QuantizedSumReduction<Element: FixedWidthInteger & BitwiseCopyable & Sendable>: ReductionFunction {
  static var fold: tflk_fold? { TFLK_FOLD_SUM }

  let scale: Float
  /// What the zero points of the folded elements add.
  let bias: Float
  let zeroPoint: Int32

  @inline(__always) var initial: Int32 { 0 }
  @inline(__always) func fold(_ sum: Int32, _ x: Element) -> Int32 { sum &+ Int32(truncatingIfNeeded: x) }
  @inline(__always) func finish(_ sum: Int32) -> Element {
    let real = (Float(sum) * scale + bias).rounded(.toNearestOrAwayFromZero)
    // What the processor's conversion gives for values that do not fit.
    let rounded = abs(real) < 0x1p31 ? Int32(real) : Int32.min
    let value = rounded &+ zeroPoint
    return Element(truncatingIfNeeded: min(max(value, Int32(Element.min)), Int32(Element.max)))
  }
}

/// The greatest element.
struct MaximumReduction<Element: BitwiseCopyable & Comparable & Sendable>: ReductionFunction {
  static var fold: tflk_fold? { TFLK_FOLD_GREATEST }

  let initial: Element
  @inline(__always) func seed(_ first: Element) -> Element { first }
  @inline(__always) func fold(_ best: Element, _ x: Element) -> Element { x > best ? x : best }
}

/// The least element.
struct MinimumReduction<Element: BitwiseCopyable & Comparable & Sendable>: ReductionFunction {
  static var fold: tflk_fold? { TFLK_FOLD_LEAST }

  let initial: Element
  @inline(__always) func seed(_ first: Element) -> Element { first }
  @inline(__always) func fold(_ best: Element, _ x: Element) -> Element { x < best ? x : best }
}

/// Whether any element is true.
struct AnyReduction: ReductionFunction {
  @inline(__always) var initial: UInt8 { 0 }
  @inline(__always) func fold(_ result: UInt8, _ x: UInt8) -> UInt8 { result | (x == 0 ? 0 : 1) }
}

/// Whether all elements are true.
struct AllReduction: ReductionFunction {
  @inline(__always) var initial: UInt8 { 1 }
  @inline(__always) func fold(_ result: UInt8, _ x: UInt8) -> UInt8 { result & (x == 0 ? 0 : 1) }
}

/// What the C kernels call a type of elements that they fold.
@inline(__always)
func foldedType<Element>(_: Element.Type) -> tflk_type? {
  if Element.self == Int8.self { return TFLK_INT8 }
  if Element.self == UInt8.self { return TFLK_UINT8 }
  if Element.self == Int16.self { return TFLK_INT16 }
  if Element.self == Int32.self { return TFLK_INT32 }
  return Element.self == Float.self ? TFLK_FLOAT32 : nil
}
