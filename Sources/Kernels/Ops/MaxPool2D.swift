internal import CKernels
public import TensorTypes

/// `MAX_POOL_2D`: the maximum over windows of height and width.
///
/// Input `[batch, height, width, channels]`: `float32`, or `int8`, `uint8`, `int16` with the same quantisation for input and output.
public struct MaxPool2D: Operator {
  public static let definition = OperatorDefinition(.maxPool2D, versions: 1...3, options: 5)

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
      return Self.kernel(
        pooling, input.element, least: -Float.greatestFiniteMagnitude, low: range.lowerBound, high: range.upperBound)
        ?? pooling.kernel(RealMaximum(low: range.lowerBound, high: range.upperBound))
    case .int8: return try integers(Int8.self, node, pooling)
    case .uint8: return try integers(UInt8.self, node, pooling)
    case .int16: return try integers(Int16.self, node, pooling)
    default:
      throw .unsupported("\(input.element) input; float32, int8, uint8 and int16 are supported")
    }
  }

  private func integers<T: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _: T.Type, _ node: NodeContext, _ pooling: Pooling
  ) throws(OperatorError) -> Kernel {
    let range = try options.activation.quantizedRange(try node.output(0))
    let low = T(truncatingIfNeeded: range.lowerBound)
    let high = T(truncatingIfNeeded: range.upperBound)
    return Self.kernel(
      pooling, try node.input(0).element, least: Float(T.min), low: Float(low), high: Float(high))
      ?? pooling.kernel(IntegerMaximum<T>(low: low, high: high))
  }

  /// The C kernel; nil where there is none. The bounds are values of the element type.
  private static func kernel(
    _ pooling: Pooling, _ element: ElementType, least: Float, low: Float, high: Float
  ) -> Kernel? {
    guard let microkernels = Microkernels.current else { return nil }
    let geometry = pooling.geometry
    let lines = geometry.batch * geometry.output_height
    let perLine = pooling.workPerRow
    return Kernel { io throws(OperatorError) in
      guard geometry.output_width * geometry.output_channels > 0 else { return }
      try io.parallel(lines, grain: max(1, 131072 / max(perLine, 1))) { range in
        let table = unsafe microkernels.table.pointee
        let pool =
          switch element {
          case .int8: unsafe table.max_pool_i8
          case .uint8: unsafe table.max_pool_u8
          case .int16: unsafe table.max_pool_i16
          default: unsafe table.max_pool_f32
          }
        // Safety: operands have the bytes of their shapes, which the geometry was made from.
        unsafe withUnsafePointer(to: geometry) {
          unsafe pool?(
            $0, io.inputBytes(0).baseAddress, io.outputBytes(0).baseAddress, Double(least), Double(low), Double(high),
            range.lowerBound, range.upperBound)
        }
      }
    }
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
