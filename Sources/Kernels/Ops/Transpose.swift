public import TensorTypes

/// `TRANSPOSE`: reorders the dimensions; dimension *i* of the result is dimension `permutation[i]` of the input.
///
/// Input 1 is the permutation, a vector of `int32`. Any element type of fixed width, packed four-bit elements included; up to eight
/// dimensions.
public struct Transpose: Operator {
  public static let definition = OperatorDefinition(.transpose, versions: 1...9, options: 26)
  static let maximumRank = 8

  public init(options: OperatorOptions) {}

  /// The permutation with negative entries resolved.
  package static func permutation(_ values: [Int], rank: Int) throws(OperatorError) -> [Int] {
    guard values.count == rank else {
      throw .malformed("a permutation of \(values.count) axes for an input of rank \(rank)")
    }
    let resolved = values.map { $0 < 0 ? $0 &+ rank : $0 }
    var seen = [Bool](repeating: false, count: rank)
    for axis in resolved {
      guard axis >= 0, axis < rank, !seen[axis] else { throw .malformed("\(values) is not a permutation") }
      seen[axis] = true
    }
    return resolved
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2)
    try node.expectFixedWidth()
    try node.expectSameElement()
    try node.expectIndices(1)
    let input = try node.input(0).shape
    guard input.rank <= Self.maximumRank else {
      throw .unsupported("rank \(input.rank); up to \(Self.maximumRank) is supported")
    }
    let axes = try Self.permutation(try node.integers(1), rank: input.rank)
    guard let shape = Shape(axes.map { input[$0] }) else { throw .malformed("shape \(input) is not valid") }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    let output = try node.output(0).shape
    return try .planned(node, values: [1]) { values throws(OperatorError) in
      let axes = try Self.permutation(values[0], rank: input.shape.rank)
      guard axes.map({ input.shape[$0] }) == output.dimensions else {
        throw .invalidValue("permutation \(axes) does not lead to shape \(output)")
      }
      let from = input.shape.strides
      let to = output.strides
      return try StridedCopy(
        axes.indices.map { .init(output[$0], source: from[axes[$0]], target: to[$0]) },
        element: input.element, sourceCount: input.shape.elementCount, targetCount: output.elementCount)
    } run: { io, copy throws(OperatorError) in
      try copy.run(io)
    }
  }
}
