internal import Glibc
public import TensorTypes

/// `REDUCE_PROD`: the product over the axes that input 1 (`int32`) names.
///
/// `float32`, `int32`, `int64`, `bool`, unquantised `int8`, `uint8` and `int16` (integers wrap), or quantised `int8` and `int16`, rescaled after each
/// factor.
public struct ReduceProd: Operator {
  public static let definition = OperatorDefinition(.reduceProd, versions: 1...2, options: 27)

  package let operands: ReductionOperands

  public init(options: OperatorOptions) throws(OperatorError) {
    operands = try ReductionOperands(options)
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] { try operands.infer(node) }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    let isQuantized = input.quantization != .none
    switch input.element {
    case .float32:
      return try operands.kernel(node, accumulatorBytes: 4) { io, reduction throws(OperatorError) in
        try reduction.run(io, FloatProductReduction())
      }
    case .int32: return try integers(node, Int32.self)
    case .int64: return try integers(node, Int64.self)
    case .int8: return isQuantized ? try quantized(node, Int8.self) : try integers(node, Int8.self)
    case .int16: return isQuantized ? try quantized(node, Int16.self) : try integers(node, Int16.self)
    case .bool: return try integers(node, UInt8.self)
    case .uint8 where !isQuantized: return try integers(node, UInt8.self)
    default:
      throw .unsupported(
        "\(input.element) input; float32, bool, int32, int64, int8, int16 and unquantised uint8 are supported")
    }
  }

  @inline(__always)
  private func integers<T: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _ node: NodeContext, _: T.Type
  ) throws(OperatorError) -> Kernel {
    try operands.kernel(node, accumulatorBytes: MemoryLayout<T>.size) { io, reduction throws(OperatorError) in
      try reduction.run(io, IntegerProductReduction<T>())
    }
  }

  /// Marks an accumulator that has no factor yet; no product of 32-bit values reaches it.
  fileprivate static let none = Int64.min

  @inline(__always)
  private func quantized<T: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _ node: NodeContext, _: T.Type
  ) throws(OperatorError) -> Kernel {
    let input = try node.affineInput(0)
    let output = try node.affineOutput()
    let zeroPoint = Int64(input.zeroPoint)
    return try operands.kernel(node, accumulatorBytes: 8) { io, reduction throws(OperatorError) in
      // Each factor is scaled so that after all of them the product has the output's scale.
      let root = pow(Double(output.scale), 1 / Double(max(reduction.foldedElements, 1)))
      let factor = QuantizedMultiplier(Double(input.scale) / root)
      try reduction.run(
        io, Factors<T>(zeroPoint: zeroPoint, outputZeroPoint: output.zeroPoint, factor: factor))
    }
  }

  /// Multiplies quantised values and scales each product.
  private struct Factors<Element: FixedWidthInteger & BitwiseCopyable & Sendable>: ReductionFunction {
    let zeroPoint: Int64
    let outputZeroPoint: Int32
    let factor: QuantizedMultiplier

    @inline(__always) var initial: Int64 { ReduceProd.none }

    @inline(__always)
    func fold(_ product: Int64, _ x: Element) -> Int64 {
      let real = Int64(truncatingIfNeeded: x) &- zeroPoint
      return product == ReduceProd.none ? real : ReduceProd.scale(product &* real, factor)
    }

    @inline(__always)
    func finish(_ product: Int64) -> Element {
      if product == ReduceProd.none { return 0 }
      let value = Int32(truncatingIfNeeded: ReduceProd.scale(product, factor)) &+ outputZeroPoint
      return Element(truncatingIfNeeded: min(max(value, Int32(Element.min)), Int32(Element.max)))
    }
  }

  /// A 64-bit value times a factor reduced to sixteen bits, as TFLite scales wide accumulators.
  @inline(__always)
  fileprivate static func scale(_ value: Int64, _ factor: QuantizedMultiplier) -> Int64 {
    let reduced = factor.multiplier < 0x7FFF_0000 ? (factor.multiplier &+ (1 << 15)) >> 16 : 0x7FFF
    let shift = Int64(15 - factor.shift)
    guard shift > 0, shift < 63 else { return 0 }
    return Int64(Int32(truncatingIfNeeded: (value &* Int64(reduced) &+ (1 &<< (shift - 1))) >> shift))
  }
}
