public import TensorTypes

/// `SEGMENT_SUM`: the element-by-element sums of the slices along the first dimension that belong to the same segment.
///
/// Inputs: data of `float32` or `int32` (whose sums wrap), and the segment of each slice (`int32`), which begin at 0 and rise by at most 1.
/// The output is `[segments, rest of the data's shape...]`.
public struct SegmentSum: Operator {
  public static let definition = OperatorDefinition(.segmentSum, versions: 1...1, options: 100)

  public init(options: OperatorOptions) {}

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2)
    try node.expectSameElement()
    let data = try node.input(0)
    let identifiers = try node.input(1)
    guard data.element == .float32 || data.element == .int32 else {
      throw .unsupported("\(data.element) data; float32 and int32 are supported")
    }
    guard identifiers.element == .int32 else { throw .malformed("the segments must be int32, not \(identifiers)") }
    guard data.shape.rank >= 1, identifiers.shape.dimensions == [data.shape[0]] else {
      throw .malformed("segments \(identifiers.shape) for data \(data.shape)")
    }
    var last = -1
    for value in try node.integers(1) {
      guard value == last + 1 || (value == last && last >= 0) else {
        throw .invalidValue("segment \(value) follows \(last); segments begin at 0 and rise by at most 1")
      }
      last = value
    }
    guard let shape = Shape([last + 1] + data.shape.dimensions.dropFirst()) else {
      throw .malformed("\(last + 1) segments of data \(data.shape)")
    }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let data = try node.input(0)
    let output = try node.output(0).shape
    return try SegmentReduction(
      function: SegmentSumFunction(), slices: data.shape[0], segments: output[0],
      length: output.product(1..<output.rank)
    ).kernel(data.element)
  }
}
