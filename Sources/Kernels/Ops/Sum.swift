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
        try reduction.run(
          io, Float.self, to: Float.self, initial: 0 as Float, fold: { $0 + $1 }, foldRow: { sumRow($0, $1) },
          finish: { $0 })
      }
    case .bool:
      // True where one is.
      return try operands.kernel(node, accumulatorBytes: 1) { io, reduction throws(OperatorError) in
        try reduction.run(
          io, UInt8.self, to: UInt8.self, initial: 0 as UInt8, fold: { $0 | $1 },
          foldRow: { start, row in
            var any = start
            for i in row.indices { any |= row[i] }
            return any
          }, finish: { $0 })
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
      try reduction.run(
        io, T.self, to: T.self, initial: 0 as T, fold: { $0 &+ $1 },
        foldRow: { start, row in
          var sum = start
          for i in row.indices { sum = sum &+ row[i] }
          return sum
        }, finish: { $0 })
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
      let zeroPoint = quantization.outputZeroPoint
      try reduction.run(
        io, T.self, to: T.self, initial: 0 as Int32, fold: { $0 &+ Int32(truncatingIfNeeded: $1) },
        foldRow: { start, row in
          var sum = start
          for i in row.indices { sum = sum &+ Int32(truncatingIfNeeded: row[i]) }
          return sum
        },
        finish: { sum in
          let real = (Float(sum) * scale + bias).rounded(.toNearestOrAwayFromZero)
          // What the processor's conversion gives for values that do not fit.
          let rounded = abs(real) < 0x1p31 ? Int32(real) : Int32.min
          let value = rounded &+ zeroPoint
          return T(truncatingIfNeeded: min(max(value, Int32(T.min)), Int32(T.max)))
        })
    }
  }
}
