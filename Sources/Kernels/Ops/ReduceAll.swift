public import TensorTypes

/// `REDUCE_ALL`: whether all elements are true, over the axes that input 1 (`int32`) names. `bool` only.
public struct ReduceAll: Operator {
  public static let definition = OperatorDefinition(.reduceAll, versions: 1...1, options: 27)

  package let operands: ReductionOperands

  public init(options: OperatorOptions) throws(OperatorError) {
    operands = try ReductionOperands(options)
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    let element = try node.input(0).element
    guard element == .bool else { throw .unsupported("\(element) input; bool is supported") }
    return try operands.infer(node)
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    try operands.kernel(node, accumulatorBytes: 1) { io, reduction throws(OperatorError) in
      try reduction.run(io, AllReduction())
    }
  }
}
