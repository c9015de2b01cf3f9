internal import Glibc
public import TensorTypes

/// `LOG_SOFTMAX`: the logarithm of the softmax along the last axis.
///
/// At least one dimension. `float32`; `int8` (output zero point 127) and `uint8` (255), with an output scale of 1/16.
public struct LogSoftmax: Operator {
  public static let definition = OperatorDefinition(.logSoftmax, versions: 1...2, options: 36)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([0]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    let shapes = try node.unaryShape()
    guard shapes[0].rank >= 1 else { throw .malformed("the input is a scalar; it needs a last axis") }
    return shapes
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let type = try node.input(0)
    let rows = SoftmaxRows(type.shape)
    switch type.element {
    case .float32: return rows.kernel(FloatRow())
    case .int8: return rows.kernel(try ByteRow<Int8>(node))
    case .uint8: return rows.kernel(try ByteRow<UInt8>(node))
    case let other: throw .unsupported("\(other) input; float32, int8 and uint8 are supported")
    }
  }

  private struct FloatRow: SoftmaxRow {
    func apply(_ x: Span<Float>, _ y: inout MutableSpan<Float>) {
      precondition(x.count == y.count)
      let peak = SoftmaxRows.maximum(x)
      var sum: Float = 0
      var part = InlineArray<256, Float>(repeating: 0)
      for start in stride(from: 0, to: x.count, by: 256) {
        let length = min(256, x.count - start)
        for i in 0..<length { part[i] = x[start + i] - peak }
        var span = part.mutableSpan
        FloatFunction.exponential.apply(&span)
        for i in 0..<length { sum += part[i] }
      }
      let logarithm = logf(sum)
      for i in x.indices { y[i] = x[i] - peak - logarithm }
    }
  }

  /// Source: TFLite's reference kernel; results have the same bits.
  private struct ByteRow<T: FixedWidthInteger & BitwiseCopyable & Sendable>: SoftmaxRow {
    private let reverse: QuantizedMultiplier
    private let radius: Int32
    /// By how far an element is below the greatest: that in fixed point, and its exponential.
    private let scaled: [Int32]
    private let exponentials: [Int32]

    init(_ node: NodeContext) throws(OperatorError) {
      let input = try node.affineInput(0)
      let output = try node.affineOutput()
      guard output.scale == 1 / 16, output.zeroPoint == Int32(T.max) else {
        throw .malformed(
          "the output has the scale \(output.scale) and zero point \(output.zeroPoint); they must be 1/16 and \(T.max)")
      }
      let factor = min(Double(input.scale) * Double(1 << 26), Double(Int32.max))
      guard factor > 1 else { throw .unsupported("the input scale \(input.scale) is too small") }
      let multiplier = QuantizedMultiplier(factor)
      let unit = Double(Int64(1) << Int64(multiplier.shift))
      reverse = QuantizedMultiplier(Double(Int64(1) << Int64(31 - multiplier.shift)) / Double(multiplier.multiplier))
      let radius = Int32((Double(31 * (1 << 26)) / unit).rounded(.down))
      self.radius = radius
      let scaled = (0..<256 as Range<Int32>).map {
        QuantizedMultiplier.doublingHighMultiply(-$0 &<< multiplier.shift, multiplier.multiplier)
      }
      self.scaled = scaled
      exponentials = scaled.indices.map {
        $0 > radius ? 0 : FixedPoint.divide(FixedPoint.exponential(scaled[$0]), byPowerOfTwo: 12)
      }
    }

    func apply(_ x: Span<T>, _ y: inout MutableSpan<T>) {
      precondition(x.count == y.count)
      var peak = T.min
      for i in x.indices { peak = x[i] > peak ? x[i] : peak }
      let limit = Int(truncatingIfNeeded: peak)
      var sum: Int32 = 0
      for i in x.indices { sum = sum &+ exponentials[limit &- Int(truncatingIfNeeded: x[i])] }
      let logarithm = FixedPoint.logarithm(sum)
      let least = max(-radius - 1, reverse.apply(logarithm &+ Int32.min))
      for i in x.indices {
        let below = limit &- Int(truncatingIfNeeded: x[i])
        let result = FixedPoint.divide(scaled[below] &- logarithm, byPowerOfTwo: 22) &+ Int32(T.max)
        y[i] = -Int32(truncatingIfNeeded: below) > least ? T(clamping: result) : T.min
      }
    }
  }
}
