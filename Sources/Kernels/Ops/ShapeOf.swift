public import TensorTypes

/// `SHAPE`: the dimensions of the input as a vector of `int32` or `int64`.
///
/// Any element type, strings included.
public struct ShapeOf: Operator {
  public static let definition = OperatorDefinition(.shape, versions: 1...1, options: 55)

  public init(options: OperatorOptions) {}

  public var dependsOnlyOnShapes: Bool { true }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 1)
    let output = try node.output(0).element
    guard output == .int32 || output == .int64 else {
      throw .malformed("a \(output) result; int32 and int64 are supported")
    }
    guard let shape = Shape([try node.input(0).shape.rank]) else { throw .malformed("the rank is too large") }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let dimensions = try node.input(0).shape.dimensions
    if try node.output(0).element == .int64 {
      return Kernel { io throws(OperatorError) in
        var result = io.output(0, as: Int64.self)
        for axis in dimensions.indices { result[axis] = Int64(dimensions[axis]) }
      }
    }
    return Kernel { io throws(OperatorError) in
      var result = io.output(0, as: Int32.self)
      for axis in dimensions.indices { result[axis] = Int32(clamping: dimensions[axis]) }
    }
  }
}
