public import TensorTypes

/// `REDUCE_MAX`: the greatest element over the axes that input 1 (`int32`) names.
///
/// `float32`, `int32`, `int64`, `bool`, or `int8`, `uint8` and `int16` with the same quantisation for input and output.
public struct ReduceMax: Operator {
  public static let definition = OperatorDefinition(.reduceMax, versions: 1...3, options: 27)

  package let operands: ReductionOperands

  public init(options: OperatorOptions) throws(OperatorError) {
    operands = try ReductionOperands(options)
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try ReductionOperands.expectSameQuantization(node)
    return try operands.infer(node)
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let element = try node.input(0).element
    switch element {
    case .float32: return try kernel(node, Float.self, initial: -Float.greatestFiniteMagnitude)
    case .int8: return try kernel(node, Int8.self, initial: .min)
    case .uint8: return try kernel(node, UInt8.self, initial: .min)
    case .bool: return try kernel(node, UInt8.self, initial: 0)
    case .int16: return try kernel(node, Int16.self, initial: .min)
    case .int32: return try kernel(node, Int32.self, initial: .min)
    case .int64: return try kernel(node, Int64.self, initial: .min)
    default: throw .unsupported("\(element) input; float32, bool, int8, uint8, int16, int32 and int64 are supported")
    }
  }

  @inline(__always)
  private func kernel<T: BitwiseCopyable & Comparable & Sendable>(
    _ node: NodeContext, _: T.Type, initial: T
  ) throws(OperatorError) -> Kernel {
    try operands.kernel(node, accumulatorBytes: MemoryLayout<T>.size) { io, reduction throws(OperatorError) in
      try reduction.run(io, MaximumReduction(initial: initial))
    }
  }
}
