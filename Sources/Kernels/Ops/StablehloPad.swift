public import TensorTypes

/// `STABLEHLO_PAD`: the input with the element of input 1 around it and between its elements; negative paddings crop.
///
/// Rank 1 to 8; any element type of whole bytes. Where cropping leaves nothing of a dimension, all dimensions of the result are 0.
public struct StablehloPad: Operator {
  public static let definition = OperatorDefinition(.stablehloPad, versions: 1...1, options2: 10)

  /// Elements before the first of each dimension; cropped when negative.
  package let low: [Int]
  /// Elements behind the last of each dimension; cropped when negative.
  package let high: [Int]
  /// Elements between neighbours, at least 0.
  package let interior: [Int]

  public init(options: OperatorOptions) throws(OperatorError) {
    low = try options.int64s(0).map { Int($0) }
    high = try options.int64s(1).map { Int($0) }
    interior = try options.int64s(2).map { Int($0) }
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2)
    try node.expectSameElement()
    try node.expectSameElement(1)
    let input = try node.input(0)
    guard input.shape.rank > 0 else { throw .malformed("the input must not be a scalar") }
    guard try node.input(1).shape.elementCount == 1 else { throw .malformed("the padding value must be one element") }
    let sizes = try InteriorPadding.sizes(input.shape, low: low, high: high, interior: interior)
    if sizes.contains(where: { $0 <= 0 }) {
      guard let empty = Shape([Int](repeating: 0, count: input.shape.rank)) else {
        throw .malformed("the padded shape is not valid")
      }
      return [empty]
    }
    return [
      try InteriorPadding(input.shape, low: low, high: high, interior: interior, element: input.element).shape
    ]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    guard try node.output(0).shape.elementCount > 0 else { return Kernel { _ throws(OperatorError) in } }
    let input = try node.input(0)
    let padding = try InteriorPadding(
      input.shape, low: low, high: high, interior: interior, element: input.element)
    return Kernel { io throws(OperatorError) in
      try unsafe padding.run(io, io.inputBytes(0), value: io.inputBytes(1), to: io.outputBytes(0))
    }
  }
}
