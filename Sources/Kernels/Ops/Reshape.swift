public import TensorTypes

/// `RESHAPE`: the same elements with other dimensions.
///
/// The new shape is input 1 (a vector of `int32`) when that is given, else the option `new_shape`; one dimension may be -1 and is then
/// inferred. Any element type of fixed width.
public struct Reshape: Operator {
  public static let definition = OperatorDefinition(.reshape, versions: 1...1, options: 17)

  /// The shape in the options, used when there is no shape input.
  package let newShape: [Int]

  public init(options: OperatorOptions) throws(OperatorError) {
    let shape = try options.int32s(0).map(Int.init)
    // Old converters wrote [0] for a scalar.
    newShape = shape == [0] ? [] : shape
  }

  public var sharing: OperandSharing { .view(of: 0) }
  public var movedInput: Int? { 0 }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 1...2)
    try node.expectFixedWidth()
    try node.expectSameElement()
    let input = try node.input(0).shape
    var wanted = newShape
    if node.inputs.count == 2, node.hasInput(1), try node.input(1).shape.rank == 1 {
      guard try node.input(1).element == .int32 else { throw .malformed("the shape must be int32") }
      wanted = try node.integers(1)
    }
    return [try Self.resolve(wanted, elementCount: input.elementCount)]
  }

  /// A shape of `elementCount` elements whose one negative dimension, if any, is inferred.
  static func resolve(_ wanted: [Int], elementCount: Int) throws(OperatorError) -> Shape {
    var dimensions = wanted
    let unknown = wanted.indices.filter { wanted[$0] == -1 }
    guard unknown.count <= 1 else { throw .malformed("shape \(wanted) has more than one -1") }
    if let index = unknown.first {
      dimensions[index] = 1
      guard let others = Shape(dimensions) else { throw .malformed("shape \(wanted) is not valid") }
      dimensions[index] = others.elementCount == 0 ? 0 : elementCount / others.elementCount
    }
    guard let shape = Shape(dimensions) else { throw .malformed("shape \(wanted) is not valid") }
    guard shape.elementCount == elementCount else {
      throw .malformed("\(elementCount) elements do not fill shape \(wanted)")
    }
    return shape
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel { try .byteCopy(node) }
}
