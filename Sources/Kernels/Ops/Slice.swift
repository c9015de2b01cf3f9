public import TensorTypes

/// `SLICE`: a box of the input that starts at `begin` (input 1) and has `size` (input 2) elements along each dimension, where -1 means
/// all that remain.
///
/// Any element type of fixed width; `begin` and `size` are vectors of `int32` or `int64`.
///
/// Converters bake the sample batch into `size` even where a dimension is open. So a size that fits the shape which the model declares, but
/// not the one that the caller resized to, ends where the input ends, as in LiteRT's XNNPACK delegate.
public struct Slice: Operator {
  public static let definition = OperatorDefinition(.slice, versions: 1...8, options: 48)

  public init(options: OperatorOptions) {}

  /// The resolved box. `declared` is the input's shape in the model.
  package static func box(
    _ input: Shape, declared: Shape, begin: [Int], size: [Int]
  ) throws(OperatorError) -> (begin: [Int], shape: Shape) {
    guard begin.count == input.rank, size.count == input.rank else {
      throw .malformed("begin and size must have \(input.rank) values, not \(begin.count) and \(size.count)")
    }
    var dimensions: [Int] = []
    for axis in 0..<input.rank {
      guard begin[axis] >= 0, begin[axis] <= input[axis] else {
        throw .malformed("begin \(begin) is outside shape \(input)")
      }
      let rest = input[axis] - begin[axis]
      let isBaked =
        declared.rank == input.rank && declared[axis] > input[axis] && size[axis] <= declared[axis] - begin[axis]
      guard size[axis] >= -1, size[axis] <= rest || isBaked else {
        throw .malformed("size \(size) from \(begin) is outside shape \(input)")
      }
      dimensions.append(size[axis] == -1 ? rest : min(size[axis], rest))
    }
    guard let shape = Shape(dimensions) else { throw .malformed("shape \(dimensions) is not valid") }
    return (begin, shape)
  }

  public var movedInput: Int? { 0 }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 3)
    try node.expectFixedWidth()
    try node.expectSameElement()
    try node.expectIndices(1)
    try node.expectIndices(2)
    let box = try Self.box(
      try node.input(0).shape, declared: try node.declaredShape(0), begin: try node.integers(1),
      size: try node.integers(2))
    return [box.shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    let declared = try node.declaredShape(0)
    let output = try node.output(0).shape
    return try .plannedCopies(node, values: [1, 2]) { values throws(OperatorError) in
      let box = try Self.box(input.shape, declared: declared, begin: values[0], size: values[1])
      guard box.shape == output else { throw .invalidValue("the slice has shape \(box.shape), not \(output)") }
      let from = input.shape.strides
      let to = output.strides
      var copies = OperandCopies()
      copies.append(
        try StridedCopy(
          output.dimensions.indices.map { .init(output[$0], source: from[$0], target: to[$0]) },
          sourceOffset: zip(box.begin, from).reduce(0) { $0 + $1.0 * $1.1 }, element: input.element,
          sourceCount: input.shape.elementCount, targetCount: output.elementCount))
      return copies
    }
  }
}
