public import TensorTypes

/// `MUL`: the product of two tensors, element by element, broadcast against each other, with a fused activation.
///
/// Inputs and output have one element type: `float32`, `float16`, `int32`, `int64`, `uint32` (wrapping), `complex64` (no activation), or
/// with one scale and zero point each `int8`, `uint8` and `int16` (zero point 0). `int16` without quantisation multiplies as integers.
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
    case .float32: return try RealProduct<Float>(activation).kernel(broadcast)
    case .float16: return try RealProduct<Float16>(activation).kernel(broadcast)
    case .int32: return try WrappedProduct<Int32>(activation).kernel(broadcast)
    case .int64: return try WrappedProduct<Int64>(activation).kernel(broadcast)
    case .uint32: return try WrappedProduct<UInt32>(activation).kernel(broadcast)
    case .complex64:
      guard activation == .none else { throw .malformed("complex64 takes no fused activation") }
      return ComplexProduct().kernel(broadcast)
    case .int16 where try node.output(0).quantization == .none:
      return try WrappedProduct<Int16>(activation).kernel(broadcast)
    case .int8: return try QuantizedProduct<Int8>(node, activation).kernel(broadcast)
    case .uint8: return try QuantizedProduct<UInt8>(node, activation).kernel(broadcast)
    case .int16:
      try node.expectSymmetric(try node.affineInput(0), try node.affineInput(1), try node.affineOutput())
      return try QuantizedProduct<Int16>(node, activation).kernel(broadcast)
    case let other:
      throw .unsupported(
        "\(other) inputs; float32, float16, int8, uint8, int16, int32, int64, uint32 and complex64 are supported")
    }
  }
}

/// The product of two quantised integers.
private struct QuantizedProduct<T: FixedWidthInteger & BitwiseCopyable & Sendable>: BinaryElementFunction {
  private let leftZeroPoint: Int32
  private let rightZeroPoint: Int32
  private let outputZeroPoint: Int32
  private let multiplier: QuantizedMultiplier
  private let low: Int32
  private let high: Int32

  init(_ node: NodeContext, _ activation: FusedActivation) throws(OperatorError) {
    let left = try node.affineInput(0)
    let right = try node.affineInput(1)
    let output = try node.affineOutput()
    leftZeroPoint = left.zeroPoint
    rightZeroPoint = right.zeroPoint
    outputZeroPoint = output.zeroPoint
    multiplier = QuantizedMultiplier(Double(left.scale * right.scale / output.scale))
    let range = try activation.quantizedRange(try node.output(0))
    low = range.lowerBound
    high = range.upperBound
  }

  @inline(__always) func apply(_ a: T, _ b: T) -> T {
    let product = (Int32(truncatingIfNeeded: a) &- leftZeroPoint) &* (Int32(truncatingIfNeeded: b) &- rightZeroPoint)
    return T(truncatingIfNeeded: clamped(multiplier.apply(product) &+ outputZeroPoint, low, high))
  }
}
