public import TensorTypes

/// `MEAN`: the mean over the axes that input 1 (`int32`) names.
///
/// `float32`, `int32` and `int64` (truncated towards zero), or `int8`, `uint8` and `int16` with one scale and zero point each for input and
/// output. Without elements the mean is NaN, or 0 for integers.
public struct Mean: Operator {
  public static let definition = OperatorDefinition(.mean, versions: 1...3, options: 27)

  package let operands: ReductionOperands

  public init(options: OperatorOptions) throws(OperatorError) {
    operands = try ReductionOperands(options)
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] { try operands.infer(node) }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let element = try node.input(0).element
    switch element {
    case .float32:
      return try operands.kernel(node, accumulatorBytes: 4) { io, reduction throws(OperatorError) in
        try reduction.run(io, FloatSumReduction(divisor: Float(reduction.foldedElements)))
      }
    case .int32: return try integers(Int32.self, node)
    case .int64: return try integers(Int64.self, node)
    case .int8: return try quantized(Int8.self, node)
    case .uint8: return try quantized(UInt8.self, node)
    case .int16: return try quantized(Int16.self, node)
    default:
      throw .unsupported("\(element) input; float32, int32, int64, int8, uint8 and int16 are supported")
    }
  }

  @inline(__always)
  private func integers<T: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _: T.Type, _ node: NodeContext
  ) throws(OperatorError) -> Kernel {
    try operands.kernel(node, accumulatorBytes: 8) { io, reduction throws(OperatorError) in
      try reduction.run(io, IntegerMeanReduction<T>(count: Int64(reduction.foldedElements)))
    }
  }

  @inline(__always)
  private func quantized<T: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _: T.Type, _ node: NodeContext
  ) throws(OperatorError) -> Kernel {
    let quantization = try ReductionOperands.quantization(node)
    let factor = QuantizedMultiplier(Double(quantization.inputScale) / Double(quantization.outputScale))
    return try operands.kernel(node, accumulatorBytes: 4) { io, reduction throws(OperatorError) in
      let count = Int64(reduction.foldedElements)
      let isEmpty = count <= 0
      // The division by the count goes into the multiplier, with as many more bits as its shift has room for.
      var shift = Int32(isEmpty ? 0 : 63 - count.leadingZeroBitCount)
      shift = min(shift, 32, 31 + factor.shift)
      let scaled = isEmpty ? 0 : (Int64(factor.multiplier) << Int64(shift)) / count
      let multiplier = QuantizedMultiplier(
        multiplier: Int32(truncatingIfNeeded: scaled), shift: factor.shift - shift)
      let bias = Int32(truncatingIfNeeded: Int64(quantization.inputZeroPoint) &* count)
      try reduction.run(
        io,
        QuantizedMeanReduction<T>(
          multiplier: multiplier, bias: bias, zeroPoint: quantization.outputZeroPoint, isEmpty: isEmpty))
    }
  }
}
