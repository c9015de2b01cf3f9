public import TensorTypes

/// `CALL_ONCE`: runs a subgraph without inputs and outputs, which sets up variables and tables, in the first invocation only.
///
/// What counts as first is remembered with the variables, so interpreters that share ``Resources`` run it once together.
public struct CallOnce: SubgraphOperator {
  public static let definition = OperatorDefinition(.callOnce, versions: 1...1, options: 103)

  package let subgraphs: [Int]

  public init(options: OperatorOptions) throws(OperatorError) {
    subgraphs = [Int(try options.int32(0))]
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 0, outputs: 0)
    return []
  }

  package func staticShapes(_ inputs: [TensorType?], _ callees: [any Callee]) throws(OperatorError) -> [Shape]? { [] }

  package func run(
    _ inputs: [SubgraphValue], _ callees: [any Callee], _ context: ExecutionContext
  ) throws(OperatorError) -> [SubgraphValue] {
    guard context.resources.beginInitialization(of: subgraphs[0]) else { return [] }
    do throws(OperatorError) {
      return try callees[0].run([])
    } catch {
      context.resources.abandonInitialization(of: subgraphs[0])
      throw error
    }
  }
}
