internal import CKernels
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
    let input = try node.input(0)
    let pooling = try Pooling(options, input.shape)
    switch input.element {
    case .float32:
      let range = try options.activation.finiteRange(Float.self)
      return pooling.mean(TFLK_FLOAT32, low: range.lowerBound, high: range.upperBound)
        ?? pooling.kernel(RealMean(low: range.lowerBound, high: range.upperBound))
    case .int8: return try integers(Int8.self, TFLK_INT8, node, pooling)
    case .uint8: return try integers(UInt8.self, TFLK_UINT8, node, pooling)
    case .int16: return try integers(Int16.self, TFLK_INT16, node, pooling)
    default:
      throw .unsupported("\(input.element) input; float32, int8, uint8 and int16 are supported")
    }
  }

  private func integers<T: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _: T.Type, _ type: tflk_type, _ node: NodeContext, _ pooling: Pooling
  ) throws(OperatorError) -> Kernel {
    let range = try options.activation.quantizedRange(try node.output(0))
    return pooling.mean(type, low: Float(range.lowerBound), high: Float(range.upperBound))
      ?? pooling.kernel(IntegerMean<T>(low: range.lowerBound, high: range.upperBound))
  }

  private struct RealMean: PoolingFunction {
    let low: Float
    let high: Float
    var initial: Float { 0 }
    @inline(__always) func add(_ sum: Float, _ value: Float) -> Float { sum + value }
    @inline(__always) func finish(_ sum: Float, _ count: Int) -> Float {
      let mean = sum / Float(count)
      let raised = mean < low ? low : mean
      return high < raised ? high : raised
    }
  }

  private struct IntegerMean<T: FixedWidthInteger & BitwiseCopyable & Sendable>: PoolingFunction {
    let low: Int32
    let high: Int32
    var initial: Int32 { 0 }
    @inline(__always) func add(_ sum: Int32, _ value: T) -> Int32 { sum &+ Int32(truncatingIfNeeded: value) }
    @inline(__always) func finish(_ sum: Int32, _ count: Int) -> T {
      let divisor = Int32(truncatingIfNeeded: count)
      guard divisor > 0 else { return T(truncatingIfNeeded: low) }
      let half = divisor / 2
      let mean = sum > 0 ? (sum &+ half) / divisor : (sum &- half) / divisor
      return T(truncatingIfNeeded: min(max(mean, low), high))
    }
  }
}
