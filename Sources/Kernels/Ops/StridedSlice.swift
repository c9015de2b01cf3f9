public import TensorTypes

/// `STRIDED_SLICE`: every `stride`-th element from `begin` to `end` (exclusive) along each dimension, as NumPy's slices with masks.
///
/// Inputs 1, 2 and 3 are vectors of `int32`: begin, end, strides. Options: `begin_mask` and `end_mask` leave a bound open,
/// `ellipsis_mask` skips dimensions, `new_axis_mask` inserts one of size 1, `shrink_axis_mask` takes one index and drops the dimension;
/// with `offset`, `end` counts from `begin`. Any element type of fixed width.
public struct StridedSlice: Operator {
  public static let definition = OperatorDefinition(.stridedSlice, versions: 1...8, options: 32)

  package let beginMask: UInt32
  package let endMask: UInt32
  package let ellipsisMask: UInt32
  package let newAxisMask: UInt32
  package let shrinkAxisMask: UInt32
  /// Whether `end` is relative to `begin`.
  package let offset: Bool

  public init(options: OperatorOptions) throws(OperatorError) {
    beginMask = UInt32(bitPattern: try options.int32(0))
    endMask = UInt32(bitPattern: try options.int32(1))
    ellipsisMask = UInt32(bitPattern: try options.int32(2))
    newAxisMask = UInt32(bitPattern: try options.int32(3))
    shrinkAxisMask = UInt32(bitPattern: try options.int32(4))
    offset = try options.bool(5)
  }

  /// What is taken along one dimension of the input, or a new dimension.
  package struct Axis: Sendable, Hashable {
    /// The input's dimension; nil for a new one.
    package var dimension: Int?
    package var start = 0
    package var stride = 1
    package var count = 1
    /// Whether the dimension is dropped from the result.
    package var isShrunk = false
  }

  private static func bit(_ mask: UInt32, _ index: Int) -> Bool {
    index >= 0 && index < 32 && (mask >> UInt32(index)) & 1 == 1
  }

  /// The axes of the slice.
  package func axes(
    _ input: Shape, begin: [Int], end: [Int], strides: [Int]
  ) throws(OperatorError) -> [Axis] {
    let given = begin.count
    guard given <= 31, end.count == given, strides.count == given else {
      throw .malformed("begin, end and strides must have the same number of values, at most 31")
    }
    let ellipses = (0..<given).filter { Self.bit(ellipsisMask, $0) }
    guard ellipses.count <= 1 else { throw .malformed("ellipsis_mask names more than one dimension") }
    let added = (0..<given).filter { Self.bit(newAxisMask, $0) && !Self.bit(ellipsisMask, $0) }.count
    // Dimensions of the input that entries besides the ellipsis speak of.
    let named = given - ellipses.count - added
    guard named <= input.rank else { throw .malformed("\(named) indices for an input of rank \(input.rank)") }
    var axes: [Axis] = []
    var dimension = 0
    func whole() {
      axes.append(Axis(dimension: dimension, count: input[dimension]))
      dimension += 1
    }
    for index in 0..<given {
      if Self.bit(ellipsisMask, index) {
        for _ in 0..<(input.rank - named) { whole() }
      } else if Self.bit(newAxisMask, index) {
        axes.append(Axis(dimension: nil))
      } else {
        axes.append(
          try axis(
            index, dimension, size: input[dimension], begin: begin[index], end: end[index], stride: strides[index]))
        dimension += 1
      }
    }
    while dimension < input.rank { whole() }
    return axes
  }

  private func axis(
    _ index: Int, _ dimension: Int, size: Int, begin: Int, end: Int, stride: Int
  ) throws(OperatorError) -> Axis {
    guard stride != 0, stride > Int(Int32.min) else { throw .malformed("stride \(stride) of dimension \(dimension)") }
    let low = stride > 0 ? 0 : -1
    let high = stride > 0 ? size : size - 1
    func clamp(_ value: Int) -> Int { min(max(value < 0 ? value + size : value, low), high) }
    let start = Self.bit(beginMask, index) ? (stride > 0 ? 0 : size - 1) : clamp(begin)
    if Self.bit(shrinkAxisMask, index) {
      guard start >= 0, start < size else {
        throw .invalidValue("index \(begin) is outside dimension \(dimension) of size \(size)")
      }
      return Axis(dimension: dimension, start: start, stride: 1, count: 1, isShrunk: true)
    }
    let stop: Int
    if Self.bit(endMask, index) {
      stop = stride > 0 ? size : -1
    } else {
      stop = clamp(offset ? end + start : end)
    }
    let length = stride > 0 ? stop - start : start - stop
    let step = abs(stride)
    return Axis(
      dimension: dimension, start: start, stride: stride, count: length > 0 ? (length + step - 1) / step : 0)
  }

  public var movedInput: Int? { 0 }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 4)
    try node.expectFixedWidth()
    try node.expectSameElement()
    for index in 1...3 {
      let type = try node.input(index)
      guard type.element == .int32, type.shape.rank == 1 else {
        throw .malformed("input \(index) must be a vector of int32, not \(type)")
      }
    }
    let axes = try axes(
      try node.input(0).shape, begin: try node.integers(1), end: try node.integers(2), strides: try node.integers(3))
    guard let shape = Shape(axes.filter { !$0.isShrunk }.map(\.count)) else {
      throw .malformed("the slice's shape is not valid")
    }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    let output = try node.output(0).shape
    return try .plannedCopies(node, values: [1, 2, 3]) { values throws(OperatorError) in
      let axes = try self.axes(input.shape, begin: values[0], end: values[1], strides: values[2])
      guard axes.filter({ !$0.isShrunk }).map(\.count) == output.dimensions else {
        throw .invalidValue("the slice does not have shape \(output)")
      }
      let from = input.shape.strides
      let to = output.strides
      var box: [StridedCopy.Dimension] = []
      var offset = 0
      var place = 0
      for axis in axes {
        if let dimension = axis.dimension, output.elementCount > 0 { offset += axis.start * from[dimension] }
        if axis.isShrunk { continue }
        let stride = axis.dimension.map { axis.count > 1 ? from[$0] * axis.stride : 0 } ?? 0
        box.append(.init(axis.count, source: stride, target: to[place]))
        place += 1
      }
      var copies = OperandCopies()
      copies.append(
        try StridedCopy(
          box, sourceOffset: offset, element: input.element, sourceCount: input.shape.elementCount,
          targetCount: output.elementCount))
      return copies
    }
  }
}
