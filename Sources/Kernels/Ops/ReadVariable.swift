internal import FlatBuffers
public import TensorTypes

/// `READ_VARIABLE`: the value of the variable that input 0 names. Any element type.
///
/// The output has the shape that the model declares; where that is a scalar, which also stands for an unknown shape, the one that the variable has.
public struct ReadVariable: Operator {
  public static let definition = OperatorDefinition(.readVariable, versions: 1...1, options: 112)

  public init(options: OperatorOptions) {}

  // The answer changes from one invocation to the next.
  public var isPure: Bool { false }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 1)
    try node.expectHandle(0)
    let declared = try node.output(0)
    guard declared.shape.rank == 0 else { return [declared.shape] }
    let bytes = try node.bytes(0)
    guard let resources = node.resources, bytes.count >= 4 else { throw .needsValue(input: 0) }
    return [try resources.variable(unsafe bytes.span.unsafeLoadUnaligned(as: Int32.self)).type.shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let type = try node.output(0)
    return Kernel { io throws(OperatorError) in
      let variable = try io.context.resources.variable(io.input(0, as: Int32.self)[0])
      guard variable.type.element == type.element, variable.type.shape.elementCount == type.shape.elementCount else {
        throw .invalidValue("the variable holds \(variable.type), the operator reads \(type)")
      }
      if type.element == .string {
        try io.setStrings(0, try StringArray(variable.value))
        return
      }
      let target = unsafe io.outputBytes(0)
      guard target.count == variable.value.count else { throw .invalidValue("the variable has another size") }
      unsafe target.copyMemory(
        from: UnsafeRawBufferPointer(start: variable.value.baseAddress, count: variable.value.count))
    }
  }
}
