public import TensorTypes

/// `STABLEHLO_CASE`: runs one of several subgraphs on the inputs after the first, which is the number of the subgraph (one `int32`). Numbers that are out
/// of range choose the last one.
public struct StablehloCase: SubgraphOperator {
  public static let definition = OperatorDefinition(.stablehloCase, versions: 1...1, options2: 23)

  package let subgraphs: [Int]

  public init(options: OperatorOptions) throws(OperatorError) {
    subgraphs = try options.int32s(0).map(Int.init)
    guard !subgraphs.isEmpty else { throw .malformed("there are no branches") }
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    let index = try node.input(0)
    guard index.element == .int32, index.shape.elementCount == 1 else {
      throw .malformed("the branch's number must be one int32, not \(index)")
    }
    return node.outputs.map(\.shape)
  }

  package func staticShapes(_ inputs: [TensorType?], _ callees: [any Callee]) throws(OperatorError) -> [Shape]? {
    try commonShapes(inputs.dropFirst(), callees)
  }

  package func run(
    _ inputs: [SubgraphValue], _ callees: [any Callee], _ context: ExecutionContext
  ) throws(OperatorError) -> [SubgraphValue] {
    guard inputs[0].slot.byteCount >= 4 else { throw .malformed("the branch's number must be one int32") }
    let index = Int(unsafe inputs[0].slot.address.loadUnaligned(as: Int32.self))
    return try callees[callees.indices.contains(index) ? index : callees.count - 1].run(Array(inputs.dropFirst()))
  }
}
