public import TensorTypes

/// `UNSORTED_SEGMENT_MIN`: for each segment the element-by-element smallest elements; an empty segment is the largest finite number.
///
/// Inputs: data of `float32` or `int32`; the segment of each slice (`int32`, whose shape begins the data's shape), negative where a slice
/// counts nowhere; and the number of segments (one `int32`), above all of them when the kernel runs. The output is
/// `[segments, rest of the data's shape...]`.
public struct UnsortedSegmentMin: Operator {
  public static let definition = OperatorDefinition(.unsortedSegmentMin, versions: 1...1, options: 120)

  private static let segments = UnsortedSegments(function: SegmentMinimumFunction())

  public init(options: OperatorOptions) {}

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] { try Self.segments.infer(node) }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel { try Self.segments.prepare(node) }
}
