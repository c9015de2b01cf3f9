public import TensorTypes

/// `AVERAGE_POOL_2D`: the mean over windows of height and width; padding does not count.
///
/// Input `[batch, height, width, channels]`: `float32`, or `int8`, `uint8`, `int16` with the same quantisation for input and output.
public struct AveragePool2D: Operator {
  public static let definition = OperatorDefinition(.averagePool2D, versions: 1...3, options: 5)

  package let options: PoolingOptions

  public init(options: OperatorOptions) throws(OperatorError) {
    self.options = try PoolingOptions(options)
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] { try options.infer(node) }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    try Pooling.kernel(options, averages: true, node)
  }
}
