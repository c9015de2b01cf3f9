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
    let scratch = [pooling.accumulators * 4]
    switch input.element {
    case .float32:
      let range = try options.activation.floatRange()
      let (low, high) = (range.lowerBound, range.upperBound)
      return Kernel(scratch: scratch) { io throws(OperatorError) in
        try pooling.run(io, Float.self, initial: 0 as Float) {
          $0 + $1
        } finish: { sum, count in
          let mean = sum / Float(count)
          let raised = mean < low ? low : mean
          return high < raised ? high : raised
        }
      }
    case .int8: return try integers(Int8.self, node, pooling)
    case .uint8: return try integers(UInt8.self, node, pooling)
    case .int16: return try integers(Int16.self, node, pooling)
    default:
      throw .unsupported("\(input.element) input; float32, int8, uint8 and int16 are supported")
    }
  }

  @inline(__always)
  private func integers<T: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _: T.Type, _ node: NodeContext, _ pooling: Pooling
  ) throws(OperatorError) -> Kernel {
    let range = try options.activation.quantizedRange(try node.output(0))
    let (low, high) = (range.lowerBound, range.upperBound)
    return Kernel(scratch: [pooling.accumulators * 4]) { io throws(OperatorError) in
      try pooling.run(io, T.self, initial: 0 as Int32) {
        $0 &+ Int32(truncatingIfNeeded: $1)
      } finish: { sum, count in
        let divisor = Int32(truncatingIfNeeded: count)
        guard divisor > 0 else { return T(truncatingIfNeeded: low) }
        let half = divisor / 2
        let mean = sum > 0 ? (sum &+ half) / divisor : (sum &- half) / divisor
        return T(truncatingIfNeeded: min(max(mean, low), high))
      }
    }
  }
}
