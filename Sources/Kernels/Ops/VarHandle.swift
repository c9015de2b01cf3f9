public import TensorTypes

/// `VAR_HANDLE`: the handle of the variable with the options' container and name.
public struct VarHandle: Operator {
  public static let definition = OperatorDefinition(.varHandle, versions: 1...1, options: 111)

  /// Container and name, which cannot be confused with another pair.
  let name: String

  public init(options: OperatorOptions) throws(OperatorError) {
    let container = try options.string(0)
    name = "\(container.utf8.count)/\(container)/\(try options.string(1))"
  }

  // The handle is known only while the model runs.
  public var isPure: Bool { false }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 0)
    let output = try node.output(0)
    guard output.element == .resource || output.element == .int32, output.shape.elementCount == 1 else {
      throw .malformed("the handle must be one resource, not \(output)")
    }
    return [output.shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let name = name
    return Kernel { io throws(OperatorError) in
      var handle = io.output(0, as: Int32.self)
      handle[0] = io.context.resources.handle(name)
    }
  }
}

extension NodeContext {
  /// Checks that an input is a handle.
  func expectHandle(_ index: Int) throws(OperatorError) {
    let handle = try input(index)
    guard handle.element == .resource || handle.element == .int32, handle.shape.elementCount == 1 else {
      throw .malformed("input \(index) must be one resource handle, not \(handle)")
    }
  }
}
