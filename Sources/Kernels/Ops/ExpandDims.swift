public import TensorTypes

/// `EXPAND_DIMS`: inserts a dimension of size 1 before the axis that input 1 names (-1 is behind the last dimension).
///
/// Any element type of fixed width; the axis is `int32` or `int64`.
public struct ExpandDims: Operator {
  public static let definition = OperatorDefinition(.expandDims, versions: 1...1, options: 52)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .view(of: 0) }
  public var movedInput: Int? { 0 }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2)
    try node.expectFixedWidth()
    try node.expectSameElement()
    try node.expectIndices(1)
    let input = try node.input(0).shape
    let values = try node.integers(1)
    guard values.count == 1, let axis = values.first else {
      throw .malformed("the axis must be one value, not \(values.count)")
    }
    let resolved = axis < 0 ? axis + input.rank + 1 : axis
    guard resolved >= 0, resolved <= input.rank else {
      throw .malformed("axis \(axis) is outside a result of rank \(input.rank + 1)")
    }
    var dimensions = input.dimensions
    dimensions.insert(1, at: resolved)
    guard let shape = Shape(dimensions) else { throw .malformed("shape \(dimensions) is not valid") }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel { try .byteCopy(node) }
}
