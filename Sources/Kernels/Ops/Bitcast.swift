public import TensorTypes

/// `BITCAST`: the bytes of the input as elements of another type.
///
/// Any element types of whole bytes. Elements of half the size add a dimension of 2 at the end, and so on; where the output's elements are
/// larger, the input's last dimension must be the number of its elements that fit in one, and vanishes.
public struct Bitcast: Operator {
  public static let definition = OperatorDefinition(.bitcast, versions: 1...1, options: 124)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .view(of: 0) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 1)
    let input = try node.input(0)
    let output = try node.output(0).element
    let from = input.element.bitWidth
    let to = output.bitWidth
    guard from >= 8, to >= 8 else {
      throw .unsupported("from \(input.element) to \(output); elements of whole bytes are supported")
    }
    var dimensions = input.shape.dimensions
    if from > to {
      dimensions.append(from / to)
    } else if from < to {
      guard dimensions.last == to / from else {
        throw .malformed("the last dimension of \(input) must be \(to / from) to become \(output)")
      }
      dimensions.removeLast()
    }
    guard let shape = Shape(dimensions) else { throw .malformed("the result's shape is not valid") }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel { try .byteCopy(node) }
}
