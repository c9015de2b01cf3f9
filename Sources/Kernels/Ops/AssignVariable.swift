internal import FlatBuffers
public import TensorTypes

/// `ASSIGN_VARIABLE`: gives the variable that input 0 names the value of input 1, with its type and shape. Any element type.
public struct AssignVariable: Operator {
  public static let definition = OperatorDefinition(.assignVariable, versions: 1...1, options: 113)

  public init(options: OperatorOptions) {}

  public var isPure: Bool { false }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2, outputs: 0)
    try node.expectHandle(0)
    return []
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let type = try node.input(1)
    return Kernel { io throws(OperatorError) in
      let handle = io.input(0, as: Int32.self)[0]
      let value: SharedBytes
      if type.element == .string {
        value = try io.strings(1).bytes
      } else {
        let bytes = unsafe io.inputBytes(1)
        do {
          value = try unsafe SharedBytes(copying: RawSpan(_unsafeBytes: bytes))
        } catch {
          throw .outOfMemory(bytes: bytes.count)
        }
      }
      try io.context.resources.assign(handle, Resources.Variable(type: type, value: value))
    }
  }
}
