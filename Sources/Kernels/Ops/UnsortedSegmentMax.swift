public import TensorTypes

/// `UNSORTED_SEGMENT_MAX`: for each segment the element-by-element largest elements; an empty segment is the lowest finite number.
///
/// Inputs: data of `float32` or `int32`; the segment of each slice (`int32`, whose shape begins the data's shape), negative where a slice
/// counts nowhere; and the number of segments (one `int32`), above all of them when the kernel runs. The output is
/// `[segments, rest of the data's shape...]`.
public struct UnsortedSegmentMax: Operator {
  public static let definition = OperatorDefinition(.unsortedSegmentMax, versions: 1...1, options: 119)

  private static let segments = UnsortedSegments(function: SegmentMaximumFunction())

  public init(options: OperatorOptions) {}

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] { try Self.segments.infer(node) }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel { try Self.segments.prepare(node) }
}
