public import TensorTypes

/// `SUB`: the difference of two tensors, element by element, broadcast against each other, with a fused activation.
///
/// Inputs and output have one element type: `float32`, `float16`, `int32`, `int64` (wrapping), or with one scale and zero point
/// each `int8`, `uint8` and `int16` (zero point 0). `int16` without quantisation subtracts as integers.
public struct Sub: Operator {
  public static let definition = OperatorDefinition(.sub, versions: 1...5, options: 28)

  package let activation: FusedActivation
  /// Whether `int16` operands with power-of-two scales take the form that shifts instead of multiplying.
  let powerOfTwoScales: Bool

  public init(options: OperatorOptions) throws(OperatorError) {
    activation = try FusedActivation(options, slot: 0)
    powerOfTwoScales = try options.bool(1, default: options.isPresent)
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
    case .float32: return FloatArithmetic.subtract.kernel(broadcast, try activation.finiteRange(Float.self))
    case .float16: return FloatArithmetic.subtract.halfKernel(broadcast, try activation.finiteRange(Float16.self))
    case .int32: return try DifferenceCombination.kernel(Int32.self, activation, broadcast)
    case .int64: return try DifferenceCombination.kernel(Int64.self, activation, broadcast)
    case .int16 where isInteger(node): return try DifferenceCombination.kernel(Int16.self, activation, broadcast)
    case .int8, .uint8, .int16:
      return try quantizedSumKernel(
        node, broadcast, activation, subtracts: true, powerOfTwo: powerOfTwoScales)
    case let other:
      throw .unsupported(
        "\(other) inputs; float32, float16, int8, uint8, int16, int32 and int64 are supported")
    }
  }

  private func isInteger(_ node: NodeContext) -> Bool { node.outputs[0].quantization == .none }
}
