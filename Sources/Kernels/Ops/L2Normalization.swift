public import TensorTypes

/// `L2_NORMALIZATION`: each vector along the last axis divided by its Euclidean length, which counts as at least 1e-6.
///
/// At least one dimension. `float32`; `int8` (output zero point 0) and `uint8` (128), with an output scale of 1/128. No fused activation.
public struct L2Normalization: Operator {
  public static let definition = OperatorDefinition(.l2Normalization, versions: 1...2, options: 12)

  public init(options: OperatorOptions) throws(OperatorError) {
    let activation = try FusedActivation(options, slot: 0)
    guard activation == .none else { throw .unsupported("the fused activation \(activation); none is supported") }
  }

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
    case .int8: return rows.kernel(try ByteRow<Int8>(node, outputZeroPoint: 0))
    case .uint8: return rows.kernel(try ByteRow<UInt8>(node, outputZeroPoint: 128))
    case let other: throw .unsupported("\(other) input; float32, int8 and uint8 are supported")
    }
  }

  private struct FloatRow: SoftmaxRow {
    func apply(_ x: Span<Float>, _ y: inout MutableSpan<Float>) {
      precondition(x.count == y.count)
      var sum: Float = 0
      for i in x.indices { sum += x[i] * x[i] }
      let root = sum.squareRoot()
      let length = root < 1e-6 ? 1e-6 : root
      for i in x.indices { y[i] = x[i] / length }
    }
  }

  private struct ByteRow<T: FixedWidthInteger & BitwiseCopyable & Sendable>: SoftmaxRow {
    let inputZeroPoint: Int32
    let outputZeroPoint: Int32

    init(_ node: NodeContext, outputZeroPoint: Int32) throws(OperatorError) {
      inputZeroPoint = try node.affineInput(0).zeroPoint
      self.outputZeroPoint = outputZeroPoint
      let output = try node.affineOutput()
      guard output.scale == 1 / 128, output.zeroPoint == outputZeroPoint else {
        throw .malformed(
          "the output has the scale \(output.scale) and zero point \(output.zeroPoint); they must be 1/128 and \(outputZeroPoint)"
        )
      }
    }

    func apply(_ x: Span<T>, _ y: inout MutableSpan<T>) {
      precondition(x.count == y.count)
      var sum: Int32 = 0
      for i in x.indices {
        let value = Int32(truncatingIfNeeded: x[i]) &- inputZeroPoint
        sum = sum &+ value &* value
      }
      let inverse = FixedPoint.inverseSquareRoot(sum)
      // Results have seven fraction bits; both ways of adding them are the reference's.
      let scale = QuantizedMultiplier(multiplier: inverse.multiplier, shift: inverse.shift + (T.isSigned ? 7 : 0))
      for i in x.indices {
        let value = Int32(truncatingIfNeeded: x[i]) &- inputZeroPoint
        let scaled = scale.apply(T.isSigned ? value : 128 &* value)
        y[i] = T(clamping: scaled &+ outputZeroPoint)
      }
    }
  }
}
