public import TensorTypes

/// `PACK`: tensors of one shape, stacked along a new axis.
///
/// Any element type of fixed width; `values_count` must be the number of inputs.
public struct Pack: Operator {
  public static let definition = OperatorDefinition(.pack, versions: 1...5, options: 59)

  package let count: Int
  /// The new axis in the result, counted from the end when negative.
  package let axis: Int

  public init(options: OperatorOptions) throws(OperatorError) {
    count = Int(try options.int32(0))
    axis = Int(try options.int32(1))
  }

  private func resolve(_ rank: Int) throws(OperatorError) -> Int {
    let resolved = axis < 0 ? axis + rank + 1 : axis
    guard resolved >= 0, resolved <= rank else { throw .malformed("axis \(axis) is outside rank \(rank + 1)") }
    return resolved
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    guard count > 0 else { throw .malformed("\(count) values to pack") }
    try node.expect(inputs: count)
    let input = try node.input(0).shape
    for index in 0..<count {
      try node.expectFixedWidth(index)
      try node.expectSameElement(index)
      guard try node.input(index).shape == input else {
        throw .malformed("inputs 0 and \(index) have shapes \(input) and \(try node.input(index).shape)")
      }
    }
    var dimensions = input.dimensions
    dimensions.insert(count, at: try resolve(input.rank))
    guard let shape = Shape(dimensions) else { throw .malformed("shape \(dimensions) is not valid") }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    let axis = try resolve(input.shape.rank)
    let total = input.shape.elementCount
    let outer = total == 0 ? 0 : input.shape.product(0..<axis)
    let inner = total == 0 ? 0 : total / outer
    var copies = OperandCopies()
    for index in 0..<count {
      copies.append(
        try StridedCopy(
          [.init(outer, source: inner, target: inner * count), .init(inner, source: 1, target: 1)],
          targetOffset: index * inner, element: input.element, sourceCount: total, targetCount: total * count),
        input: index)
    }
    return copies.kernel
  }
}
