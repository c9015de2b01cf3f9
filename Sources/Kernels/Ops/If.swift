public import TensorTypes

/// `IF`: runs one of two subgraphs on the inputs after the first, which is the condition (one `bool`).
public struct If: SubgraphOperator {
  public static let definition = OperatorDefinition(.if, versions: 1...1, options: 92)

  package let subgraphs: [Int]

  public init(options: OperatorOptions) throws(OperatorError) {
    subgraphs = [Int(try options.int32(0)), Int(try options.int32(1))]
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    let condition = try node.input(0)
    guard condition.element == .bool, condition.shape.elementCount == 1 else {
      throw .malformed("the condition must be one bool, not \(condition)")
    }
    return node.outputs.map(\.shape)
  }

  package func staticShapes(_ inputs: [TensorType?], _ callees: [any Callee]) throws(OperatorError) -> [Shape]? {
    try commonShapes(inputs.dropFirst(), callees)
  }

  package func run(
    _ inputs: [SubgraphValue], _ callees: [any Callee], _ context: ExecutionContext
  ) throws(OperatorError) -> [SubgraphValue] {
    try callees[try inputs[0].condition() ? 0 : 1].run(Array(inputs.dropFirst()))
  }
}

extension SubgraphOperator {
  /// The output shapes that all callees have for these inputs; nil where they differ or depend on values.
  func commonShapes(
    _ inputs: ArraySlice<TensorType?>, _ callees: [any Callee]
  ) throws(OperatorError) -> [Shape]? {
    var shapes: [Shape] = []
    for input in inputs {
      guard let input else { throw .malformed("an input is missing") }
      shapes.append(input.shape)
    }
    var common: [Shape]?
    for callee in callees {
      guard let outputs = try callee.outputShapes(shapes) else { return nil }
      if let common, common != outputs { return nil }
      common = outputs
    }
    return common
  }
}
