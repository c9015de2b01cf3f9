internal import CKernels
public import TensorTypes

/// `MUL`: the product of two tensors, element by element, broadcast against each other, with a fused activation.
///
/// Inputs and output have one element type: `float32`, `float16`, `int32`, `int64`, `uint32` (wrapping), `complex64` (no activation), or
/// with one scale and zero point each `int8`, `uint8` and `int16` (zero point 0). `int16` without quantisation multiplies as integers;
/// of `int8` and `uint8` without a scale nothing meaningful comes, as in TFLite: products are multiplied by 0.
public struct Mul: Operator {
  public static let definition = OperatorDefinition(.mul, versions: 1...8, options: 21)

  package let activation: FusedActivation

  public init(options: OperatorOptions) throws(OperatorError) {
    activation = try FusedActivation(options, slot: 0)
  }

  public var sharing: OperandSharing { .inPlace([0, 1]) }

  public func outputElements(_ inputs: [TensorType?]) -> [ElementType]? {
    inputs.first.flatMap { $0 }.map { [$0.element] }
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    [try node.binaryBroadcast().shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let broadcast = try node.binaryBroadcast()
    switch try node.input(0).element {
    case .float32: return FloatArithmetic.multiply.kernel(broadcast, try activation.finiteRange(Float.self))
    case .float16: return FloatArithmetic.multiply.halfKernel(broadcast, try activation.finiteRange(Float16.self))
    case .int32: return try ProductCombination.kernel(Int32.self, activation, broadcast)
    case .int64: return try ProductCombination.kernel(Int64.self, activation, broadcast)
    case .uint32: return try ProductCombination.kernel(UInt32.self, activation, broadcast)
    case .complex64:
      guard activation == .none else { throw .malformed("complex64 takes no fused activation") }
      return ComplexProduct().kernel(broadcast)
    case .int16 where try node.output(0).quantization == .none:
      return try ProductCombination.kernel(Int16.self, activation, broadcast)
    case .int8: return try quantizedProduct(Int8.self, node, broadcast)
    case .uint8: return try quantizedProduct(UInt8.self, node, broadcast)
    case .int16:
      try node.expectSymmetric(try node.affineInput(0), try node.affineInput(1), try node.affineOutput())
      return try quantizedProduct(Int16.self, node, broadcast)
    case let other:
      throw .unsupported(
        "\(other) inputs; float32, float16, int8, uint8, int16, int32, int64, uint32 and complex64 are supported")
    }
  }

  private func quantizedProduct<T: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _: T.Type, _ node: NodeContext, _ broadcast: Broadcast
  ) throws(OperatorError) -> Kernel {
    let left = try node.affineInputOrZero(0)
    let right = try node.affineInputOrZero(1)
    let output = try node.affineOutputOrZero()
    let range = try activation.quantizedRange(try node.output(0))
    let quantization = OutputQuantization(
      multiplier: QuantizedMultiplier(Double(left.scale * right.scale / output.scale)), zeroPoint: output.zeroPoint,
      low: range.lowerBound, high: range.upperBound)
    return QuantizedPairs(
      .product, of: T.self, left: { $0 - left.zeroPoint }, right: { $0 - right.zeroPoint },
      scales: tflk_byte_pair_scales(
        left: Double(left.scale) * Double(right.scale) / Double(output.scale), right: 1,
        left_zero_point: left.zeroPoint, right_zero_point: right.zeroPoint), quantization, broadcast
    ).kernel(broadcast)
  }
}
