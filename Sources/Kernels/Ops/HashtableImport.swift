internal import FlatBuffers
public import TensorTypes

/// `HASHTABLE_IMPORT`: fills the table that input 0 names with keys (input 1) and values (input 2), unless it was filled before. Of equal keys the first
/// counts.
public struct HashtableImport: Operator {
  public static let definition = OperatorDefinition(.hashtableImport, versions: 1...1, options: 109)

  public init(options: OperatorOptions) {}

  public var isPure: Bool { false }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 3, outputs: 0)
    try node.expectTable(0)
    let (keys, values) = (try node.input(1), try node.input(2))
    try node.expectTableTypes(key: keys.element, value: values.element)
    guard keys.shape == values.shape else { throw .malformed("there are \(keys) keys and \(values) values") }
    return []
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let hasStringKeys = try node.input(1).element == .string
    return Kernel { io throws(OperatorError) in
      let handle = io.input(0, as: Int32.self)[0]
      let strings = try io.strings(hasStringKeys ? 1 : 2)
      let integers = io.input(hasStringKeys ? 2 : 1, as: Int64.self)
      let count = min(strings.count, integers.count)
      if hasStringKeys {
        var entries: [[UInt8]: Int64] = [:]
        for index in 0..<count where entries[strings.string(index)] == nil {
          entries[strings.string(index)] = integers[index]
        }
        try io.context.resources.fill(handle, .integers(entries), byteCount: strings.bytes.count + 8 * count)
      } else {
        var entries: [Int64: [UInt8]] = [:]
        for index in 0..<count where entries[integers[index]] == nil {
          entries[integers[index]] = strings.string(index)
        }
        try io.context.resources.fill(handle, .strings(entries), byteCount: strings.bytes.count + 8 * count)
      }
    }
  }
}
