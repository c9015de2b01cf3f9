internal import CKernels
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
    let input = try node.input(0)
    let pooling = try Pooling(options, input.shape)
    switch input.element {
    case .float32:
      let range = try options.activation.finiteRange(Float.self)
      return pooling.maximum(
        TFLK_FLOAT32, least: -Float.greatestFiniteMagnitude, low: range.lowerBound, high: range.upperBound)
        ?? pooling.kernel(RealMaximum(low: range.lowerBound, high: range.upperBound))
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
    let low = T(truncatingIfNeeded: range.lowerBound)
    let high = T(truncatingIfNeeded: range.upperBound)
    return pooling.maximum(type, least: Float(T.min), low: Float(low), high: Float(high))
      ?? pooling.kernel(IntegerMaximum<T>(low: low, high: high))
  }

  private struct RealMaximum: PoolingFunction {
    let low: Float
    let high: Float
    var initial: Float { -Float.greatestFiniteMagnitude }
    @inline(__always) func add(_ peak: Float, _ value: Float) -> Float { value > peak ? value : peak }
    @inline(__always) func finish(_ peak: Float, _: Int) -> Float {
      let raised = peak < low ? low : peak
      return high < raised ? high : raised
    }
  }

  private struct IntegerMaximum<T: FixedWidthInteger & BitwiseCopyable & Sendable>: PoolingFunction {
    let low: T
    let high: T
    var initial: T { T.min }
    @inline(__always) func add(_ peak: T, _ value: T) -> T { value > peak ? value : peak }
    @inline(__always) func finish(_ peak: T, _: Int) -> T { min(max(peak, low), high) }
  }
}
