public import TensorTypes

/// `MAX_POOL_2D`: the maximum over windows of height and width.
///
/// Input `[batch, height, width, channels]`: `float32`, or `int8`, `uint8`, `int16` with the same quantisation for input and output.
public struct MaxPool2D: Operator {
  public static let definition = OperatorDefinition(.maxPool2D, versions: 1...3, options: 5)

  package var options: PoolingOptions

  public init(options: OperatorOptions) throws(OperatorError) {
    self.options = try PoolingOptions(options)
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] { try options.infer(node) }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    try Pooling.kernel(options, averages: false, node)
  }
}
