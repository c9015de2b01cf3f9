public import TensorTypes

/// `HASHTABLE`: makes the table with the options' number, from `int64` to strings or from strings to `int64`, unless it is there, and answers its
/// handle.
public struct Hashtable: Operator {
  public static let definition = OperatorDefinition(.hashtable, versions: 1...1, options: 107)

  let table: Int32
  let hasStringKeys: Bool

  public init(options: OperatorOptions) throws(OperatorError) {
    table = try options.int32(0)
    let key = try options.elementType(1)
    let value = try options.elementType(2)
    switch (key, value) {
    case (.string, .int64): hasStringKeys = true
    case (.int64, .string): hasStringKeys = false
    default:
      throw .unsupported("a table from \(key) to \(value); int64 to string and string to int64 are supported")
    }
  }

  public var isPure: Bool { false }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 0)
    guard try node.output(0).element == .resource, let shape = Shape([1]) else {
      throw .malformed("the output must be a resource")
    }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let (table, hasStringKeys) = (table, hasStringKeys)
    return Kernel { io throws(OperatorError) in
      io.context.resources.makeTable(table, hasStringKeys: hasStringKeys)
      var handle = io.output(0, as: Int32.self)
      handle[0] = table
    }
  }
}

extension NodeContext {
  /// Checks that an input is the handle of a table.
  func expectTable(_ index: Int) throws(OperatorError) {
    let handle = try input(index)
    guard handle.element == .resource, handle.shape.dimensions == [1] else {
      throw .malformed("input \(index) must be one resource handle, not \(handle)")
    }
  }

  /// Checks that keys and values are `int64` and strings, or the other way round.
  func expectTableTypes(key: ElementType, value: ElementType) throws(OperatorError) {
    guard (key == .int64 && value == .string) || (key == .string && value == .int64) else {
      throw .unsupported("\(key) keys with \(value) values; int64 with string and string with int64 are supported")
    }
  }
}
