public import TensorTypes

/// `SUM`: the sum over the axes that input 1 (`int32`) names.
///
/// `float32`, `int32` and `int64` (which wrap), `bool` (true where one is), or `int8`, `uint8` and `int16` with one scale and zero point each for input and output.
public struct Sum: Operator {
  public static let definition = OperatorDefinition(.sum, versions: 1...2, options: 27)

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
        try reduction.run(io, FloatSumReduction(divisor: 1))
      }
    case .bool:
      // True where one is.
      return try operands.kernel(node, accumulatorBytes: 1) { io, reduction throws(OperatorError) in
        try reduction.run(io, AnyReduction())
      }
    case .int32: return try integers(Int32.self, node)
    case .int64: return try integers(Int64.self, node)
    case .int8: return try quantized(Int8.self, node)
    case .uint8: return try quantized(UInt8.self, node)
    case .int16: return try quantized(Int16.self, node)
    default:
      throw .unsupported("\(element) input; float32, bool, int32, int64, int8, uint8 and int16 are supported")
    }
  }

  @inline(__always)
  private func integers<T: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _: T.Type, _ node: NodeContext
  ) throws(OperatorError) -> Kernel {
    try operands.kernel(node, accumulatorBytes: MemoryLayout<T>.size) { io, reduction throws(OperatorError) in
      try reduction.run(io, IntegerSumReduction<T>())
    }
  }

  @inline(__always)
  private func quantized<T: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _: T.Type, _ node: NodeContext
  ) throws(OperatorError) -> Kernel {
    let quantization = try ReductionOperands.quantization(node)
    let scale = quantization.inputScale / quantization.outputScale
    return try operands.kernel(node, accumulatorBytes: 4) { io, reduction throws(OperatorError) in
      let bias = -Float(quantization.inputZeroPoint) * scale * Float(reduction.foldedElements)
      try reduction.run(
        io, QuantizedSumReduction<T>(scale: scale, bias: bias, zeroPoint: quantization.outputZeroPoint))
    }
  }
}
