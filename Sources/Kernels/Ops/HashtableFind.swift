public import TensorTypes

/// `HASHTABLE_FIND`: the values that the table named by input 0 has for the keys of input 1; for others, the first element of input 2.
public struct HashtableFind: Operator {
  public static let definition = OperatorDefinition(.hashtableFind, versions: 1...1, options: 108)

  public init(options: OperatorOptions) {}

  public var isPure: Bool { false }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 3)
    try node.expectTable(0)
    let (keys, fallback, output) = (try node.input(1), try node.input(2), try node.output(0))
    guard fallback.element == output.element, fallback.shape.elementCount > 0 else {
      throw .malformed("the default value must be \(output.element), not \(fallback)")
    }
    try node.expectTableTypes(key: keys.element, value: output.element)
    return [keys.shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let hasStringKeys = try node.input(1).element == .string
    return Kernel { io throws(OperatorError) in
      let table = try io.context.resources.table(io.input(0, as: Int32.self)[0])
      guard table.isFilled else { throw .invalidValue("the table is read before it is filled") }
      switch table.entries {
      case .integers(let entries) where hasStringKeys:
        let keys = try io.strings(1)
        let fallback = io.input(2, as: Int64.self)[0]
        var output = io.output(0, as: Int64.self)
        for index in 0..<min(keys.count, output.count) {
          output[index] = entries[keys.string(index)] ?? fallback
        }
      case .strings(let entries) where !hasStringKeys:
        let keys = io.input(1, as: Int64.self)
        let fallback = try io.strings(2).string(0)
        var builder = StringArrayBuilder()
        for index in keys.indices { try builder.append(entries[keys[index]] ?? fallback) }
        try io.setStrings(0, try builder.finish())
      default: throw .invalidValue("the table has keys and values of other types")
      }
    }
  }
}
