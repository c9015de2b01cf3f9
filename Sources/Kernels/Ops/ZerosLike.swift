internal import Glibc
public import TensorTypes

/// `ZEROS_LIKE`: zero bytes in the input's shape.
///
/// Any element type of fixed width.
public struct ZerosLike: Operator {
  public static let definition = OperatorDefinition(.zerosLike, versions: 1...1, options: 67)

  public init(options: OperatorOptions) {}

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 1)
    try node.expectFixedWidth()
    try node.expectSameElement()
    return [try node.input(0).shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    Kernel { io throws(OperatorError) in
      let output = unsafe io.outputBytes(0)
      guard let address = output.baseAddress else { return }
      unsafe memset(address, 0, output.count)
    }
  }
}
