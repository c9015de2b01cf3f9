internal import TensorTypes

/// The operators that clamp to a fixed interval: `RELU`, `RELU6`, `RELU_N1_TO_1`, `RELU_0_TO_1`.
struct ClampingActivation {
  let minimum: Float
  /// May be infinite.
  let maximum: Float
  /// Whether `int16` has a kernel.
  let takesInt16: Bool

  func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.unaryShape()
  }

  func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let type = try node.input(0)
    let count = type.shape.elementCount
    switch type.element {
    case .float32: return RealClamp(minimum: minimum, maximum: maximum).kernel(count: count)
    case .int8:
      let function = try QuantizedClamp<Int8>(self, node)
      return ByteLookup(Int8.self) { function.apply($0) }.kernel(count: count)
    case .uint8:
      let function = try QuantizedClamp<UInt8>(self, node)
      return ByteLookup(UInt8.self) { function.apply($0) }.kernel(count: count)
    case .int16 where takesInt16:
      try node.expectSymmetric(try node.affineInputOrZero(0), try node.affineOutput())
      return try QuantizedClamp<Int16>(self, node).kernel(count: count)
    case let other:
      throw .unsupported(
        "\(other) input; float32, \(takesInt16 ? "int8, uint8 and int16" : "int8 and uint8") are supported")
    }
  }
}

private struct RealClamp: UnaryElementFunction {
  let minimum: Float
  let maximum: Float
  // Written so that NaN passes through.
  @inline(__always) func apply(_ x: Float) -> Float {
    let low = x < minimum ? minimum : x
    return low > maximum ? maximum : low
  }
}

private struct QuantizedClamp<T: FixedWidthInteger & BitwiseCopyable & Sendable>: UnaryElementFunction {
  let inputZeroPoint: Int32
  let outputZeroPoint: Int32
  let multiplier: QuantizedMultiplier
  let low: Int32
  let high: Int32

  init(_ activation: ClampingActivation, _ node: NodeContext) throws(OperatorError) {
    let input = try node.affineInputOrZero(0)
    let output = try node.affineOutput()
    inputZeroPoint = input.zeroPoint
    outputZeroPoint = output.zeroPoint
    multiplier = QuantizedMultiplier(Double(input.scale / output.scale))
    func quantized(_ value: Float) -> Int32 {
      output.zeroPoint &+ Int32(machineTruncating: (value / output.scale).rounded(.toNearestOrAwayFromZero))
    }
    low = max(Int32(T.min), quantized(activation.minimum))
    high = activation.maximum.isFinite ? min(Int32(T.max), quantized(activation.maximum)) : Int32(T.max)
  }

  @inline(__always) func apply(_ x: T) -> T {
    let value = multiplier.apply(Int32(truncatingIfNeeded: x) &- inputZeroPoint) &+ outputZeroPoint
    return T(truncatingIfNeeded: min(max(value, low), high))
  }
}
