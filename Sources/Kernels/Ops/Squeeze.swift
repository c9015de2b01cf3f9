public import TensorTypes

/// `SQUEEZE`: drops dimensions of size 1, all of them or those that `squeeze_dims` names.
///
/// Any element type of fixed width.
public struct Squeeze: Operator {
  public static let definition = OperatorDefinition(.squeeze, versions: 1...2, options: 30)

  /// The axes to drop, counted from the end when negative; empty for all dimensions of size 1.
  package let axes: [Int]

  public init(options: OperatorOptions) throws(OperatorError) {
    axes = try options.int32s(0).map(Int.init)
  }

  public var sharing: OperandSharing { .view(of: 0) }
  public var movedInput: Int? { 0 }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 1)
    try node.expectFixedWidth()
    try node.expectSameElement()
    let input = try node.input(0).shape
    var dropped = [Bool](repeating: false, count: input.rank)
    if axes.isEmpty {
      for axis in 0..<input.rank { dropped[axis] = input[axis] == 1 }
    }
    for axis in axes {
      guard let resolved = input.axis(axis), input[resolved] == 1 else {
        throw .malformed("axis \(axis) of \(input) cannot be squeezed")
      }
      dropped[resolved] = true
    }
    guard let shape = Shape(input.dimensions.indices.filter { !dropped[$0] }.map { input[$0] }) else {
      throw .malformed("shape \(input) is not valid")
    }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel { try .byteCopy(node) }
}
