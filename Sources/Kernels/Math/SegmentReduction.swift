internal import TensorTypes

/// A reduction of the slices that belong to one segment.
protocol SegmentFunction: Sendable {
  /// What an empty segment holds.
  func initial<T: SegmentElement>() -> T
  func combine<T: SegmentElement>(_ a: T, _ b: T) -> T
}

/// Elements that segments are made of; sums and products of integers wrap.
protocol SegmentElement: BitwiseCopyable, Sendable, Comparable {
  static var lowest: Self { get }
  static var highest: Self { get }
  static var zero: Self { get }
  static var one: Self { get }
  func plus(_ other: Self) -> Self
  func times(_ other: Self) -> Self
}

extension Float: SegmentElement {
  static var lowest: Float { -.greatestFiniteMagnitude }
  static var highest: Float { .greatestFiniteMagnitude }
  static var one: Float { 1 }
  @inline(__always) func plus(_ other: Float) -> Float { self + other }
  @inline(__always) func times(_ other: Float) -> Float { self * other }
}

extension Int32: SegmentElement {
  static var lowest: Int32 { .min }
  static var highest: Int32 { .max }
  static var one: Int32 { 1 }
  @inline(__always) func plus(_ other: Int32) -> Int32 { self &+ other }
  @inline(__always) func times(_ other: Int32) -> Int32 { self &* other }
}

struct SegmentSumFunction: SegmentFunction {
  @inline(__always) func initial<T: SegmentElement>() -> T { .zero }
  @inline(__always) func combine<T: SegmentElement>(_ a: T, _ b: T) -> T { a.plus(b) }
}

struct SegmentProductFunction: SegmentFunction {
  @inline(__always) func initial<T: SegmentElement>() -> T { .one }
  @inline(__always) func combine<T: SegmentElement>(_ a: T, _ b: T) -> T { a.times(b) }
}

/// NaN never replaces a value.
struct SegmentMaximumFunction: SegmentFunction {
  @inline(__always) func initial<T: SegmentElement>() -> T { .lowest }
  @inline(__always) func combine<T: SegmentElement>(_ a: T, _ b: T) -> T { a < b ? b : a }
}

/// NaN never replaces a value.
struct SegmentMinimumFunction: SegmentFunction {
  @inline(__always) func initial<T: SegmentElement>() -> T { .highest }
  @inline(__always) func combine<T: SegmentElement>(_ a: T, _ b: T) -> T { b < a ? b : a }
}

/// Reduces slices of input 0 into the segment that input 1 (`int32`) names for each; negative identifiers are skipped.
struct SegmentReduction<Function: SegmentFunction>: Sendable {
  let function: Function
  /// Slices of the input.
  let slices: Int
  /// Slices of the output.
  let segments: Int
  /// Elements of a slice.
  let length: Int

  func kernel(_ element: ElementType) throws(OperatorError) -> Kernel {
    switch element {
    case .float32: return kernel(Float.self)
    case .int32: return kernel(Int32.self)
    default: throw .unsupported("\(element) data; float32 and int32 are supported")
    }
  }

  @inline(__always)
  private func kernel<T: SegmentElement>(_: T.Type) -> Kernel {
    let (slices, segments, length) = (slices, segments, length)
    return Kernel { io throws(OperatorError) in
      let identifiers = io.input(1, as: Int32.self)
      for slice in 0..<slices where Int(identifiers[slice]) >= segments {
        throw .invalidValue("segment \(identifiers[slice]) of \(segments)")
      }
      guard segments > 0, length > 0 else { return }
      // Threads share the columns, so every element is reduced in the order of the slices.
      try io.parallel(length, grain: max(16, 32768 / max(1, slices + segments))) { columns in
        for segment in 0..<segments {
          let start = segment * length
          var y = io.output(0, as: T.self, in: start + columns.lowerBound..<start + columns.upperBound)
          for i in y.indices { y[i] = function.initial() }
        }
        let identifiers = io.input(1, as: Int32.self)
        for slice in 0..<slices {
          let segment = Int(identifiers[slice])
          if segment < 0 { continue }
          let (from, to) = (slice * length, segment * length)
          let x = io.input(0, as: T.self, in: from + columns.lowerBound..<from + columns.upperBound)
          var y = io.output(0, as: T.self, in: to + columns.lowerBound..<to + columns.upperBound)
          precondition(x.count == y.count)
          for i in x.indices { y[i] = function.combine(y[i], x[i]) }
        }
      }
    }
  }
}

/// The operators `UNSORTED_SEGMENT_*`: the slices of input 0 (`float32` or `int32`) that input 1 (`int32`, whose shape is a prefix of the
/// data's) gives the same number are reduced to one slice of the output, which has as many as input 2 (one `int32`) says.
struct UnsortedSegments<Function: SegmentFunction>: Sendable {
  let function: Function

  func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 3)
    try node.expectSameElement()
    let data = try node.input(0)
    let identifiers = try node.input(1)
    let count = try node.input(2)
    guard data.element == .float32 || data.element == .int32 else {
      throw .unsupported("\(data.element) data; float32 and int32 are supported")
    }
    guard identifiers.element == .int32, count.element == .int32 else {
      throw .malformed("segments \(identifiers) and their number \(count) must be int32")
    }
    guard data.shape.dimensions.starts(with: identifiers.shape.dimensions) else {
      throw .malformed("the shape of the segments \(identifiers.shape) does not begin that of the data \(data.shape)")
    }
    guard count.shape.dimensions.isEmpty || count.shape.dimensions == [1] else {
      throw .malformed("the number of segments must be a scalar, not \(count.shape)")
    }
    let values = try node.integers(2)
    let rest = data.shape.dimensions.dropFirst(identifiers.shape.rank)
    guard values.count == 1, values[0] >= 0, let shape = Shape([values[0]] + rest) else {
      throw .invalidValue("\(values) is not a valid number of segments for data \(data.shape)")
    }
    return [shape]
  }

  func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let data = try node.input(0)
    let identifiers = try node.input(1).shape
    let output = try node.output(0).shape
    return try SegmentReduction(
      function: function, slices: identifiers.elementCount, segments: output[0],
      length: output.product(1..<output.rank)
    ).kernel(data.element)
  }
}
