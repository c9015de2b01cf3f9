public import TensorTypes

/// `RANK`: the number of dimensions of the input, as an `int32` scalar.
///
/// Any element type, strings included.
public struct Rank: Operator {
  public static let definition = OperatorDefinition(.rank, versions: 1...1, options: 86)

  public init(options: OperatorOptions) {}

  public var dependsOnlyOnShapes: Bool { true }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 1)
    let output = try node.output(0).element
    guard output == .int32 else { throw .malformed("a \(output) result; int32 is supported") }
    return [.scalar]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let rank = Int32(clamping: try node.input(0).shape.rank)
    return Kernel { io throws(OperatorError) in
      var result = io.output(0, as: Int32.self)
      result[0] = rank
    }
  }
}
