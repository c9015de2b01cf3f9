public import TensorTypes

/// `L2_POOL_2D`: the square root of the mean square over windows of height and width; padding does not count.
///
/// Input `[batch, height, width, channels]` of `float32`.
public struct L2Pool2D: Operator {
  public static let definition = OperatorDefinition(.l2Pool2D, versions: 1...1, options: 5)

  package let options: PoolingOptions

  public init(options: OperatorOptions) throws(OperatorError) {
    self.options = try PoolingOptions(options)
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] { try options.infer(node) }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    guard input.element == .float32 else { throw .unsupported("\(input.element) input; float32 is supported") }
    let pooling = try Pooling(options, input.shape)
    let range = try options.activation.finiteRange(Float.self)
    return pooling.kernel(RootMeanSquare(low: range.lowerBound, high: range.upperBound))
  }

  private struct RootMeanSquare: PoolingFunction {
    let low: Float
    let high: Float
    var initial: Float { 0 }
    @inline(__always) func add(_ sum: Float, _ value: Float) -> Float { sum + value * value }
    @inline(__always) func finish(_ sum: Float, _ count: Int) -> Float {
      let root = (sum / Float(count)).squareRoot()
      let raised = root < low ? low : root
      return high < raised ? high : raised
    }
  }
}
