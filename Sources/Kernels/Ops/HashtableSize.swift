public import TensorTypes

/// `HASHTABLE_SIZE`: the number of entries of the table that input 0 names, as one `int64`.
public struct HashtableSize: Operator {
  public static let definition = OperatorDefinition(.hashtableSize, versions: 1...1, options: 110)

  public init(options: OperatorOptions) {}

  public var isPure: Bool { false }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 1)
    try node.expectTable(0)
    guard try node.output(0).element == .int64, let shape = Shape([1]) else {
      throw .malformed("the output must be int64")
    }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    Kernel { io throws(OperatorError) in
      let table = try io.context.resources.table(io.input(0, as: Int32.self)[0])
      var output = io.output(0, as: Int64.self)
      output[0] = Int64(table.entries.count)
    }
  }
}
