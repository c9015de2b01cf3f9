public import TensorTypes

/// `WHILE`: runs a body subgraph on the inputs and then on its own outputs, as long as a condition subgraph, run on the same values, answers true.
public struct While: SubgraphOperator {
  public static let definition = OperatorDefinition(.while, versions: 1...1, options: 93)

  package let subgraphs: [Int]

  public init(options: OperatorOptions) throws(OperatorError) {
    subgraphs = [Int(try options.int32(0)), Int(try options.int32(1))]
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    guard node.inputs.count == node.outputs.count else {
      throw .malformed("has \(node.inputs.count) inputs and \(node.outputs.count) outputs; they must be as many")
    }
    for (index, output) in node.outputs.enumerated() {
      let input = try node.input(index)
      guard input.element == output.element else {
        throw .malformed("input \(index) is \(input), the output \(output)")
      }
    }
    return node.outputs.map(\.shape)
  }

  package func staticShapes(_ inputs: [TensorType?], _ callees: [any Callee]) throws(OperatorError) -> [Shape]? {
    let shapes = inputs.compactMap { $0?.shape }
    _ = try callees[0].outputShapes(shapes)
    // Where the body keeps its inputs' shapes they are the same after any number of rounds.
    guard let outputs = try callees[1].outputShapes(shapes), outputs == shapes else { return nil }
    return shapes
  }

  package func run(
    _ inputs: [SubgraphValue], _ callees: [any Callee], _ context: ExecutionContext
  ) throws(OperatorError) -> [SubgraphValue] {
    var values = inputs
    while true {
      try context.checkStop()
      guard let condition = try callees[0].run(values).first else { throw .malformed("the condition has no output") }
      guard try condition.condition() else { return values }
      values = try callees[1].run(values)
    }
  }
}
