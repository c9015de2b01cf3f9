public import TensorTypes

/// `UNPACK`: the slices of the input along an axis, each without that axis.
///
/// Any element type of fixed width; `num` must be the size of the axis.
public struct Unpack: Operator {
  public static let definition = OperatorDefinition(.unpack, versions: 1...6, options: 64)

  package let count: Int
  /// The axis, counted from the end when negative.
  package let axis: Int

  public init(options: OperatorOptions) throws(OperatorError) {
    count = Int(try options.int32(0))
    axis = Int(try options.int32(1))
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 1, outputs: count)
    try node.expectFixedWidth()
    try Splitting.expectSameElements(node, 0)
    let input = try node.input(0).shape
    guard let resolved = input.axis(axis), input[resolved] == count else {
      throw .malformed("shape \(input) has no axis \(axis) of size \(count)")
    }
    var dimensions = input.dimensions
    dimensions.remove(at: resolved)
    guard let shape = Shape(dimensions) else { throw .malformed("shape \(dimensions) is not valid") }
    return [Shape](repeating: shape, count: count)
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    guard let axis = input.shape.axis(axis) else { throw .malformed("shape \(input.shape) has no axis \(axis)") }
    return try Splitting.copies(input, axis: axis, sizes: [Int](repeating: 1, count: count)).kernel
  }
}
