internal import TFLiteRuntime
internal import TensorTypes

/// What the accelerator's partitioner takes although compiling it is known to fail. On a device the whole model then runs elsewhere.
///
/// Found by compiling what was taken; the list cannot be complete.
enum CompileFailures {
  /// Why an accepted operator will not compile; nil when nothing is known against it.
  static func problem(_ builtin: BuiltinOperator?, _ node: OperatorSignature) -> String? {
    switch builtin {
    case .dequantize:
      if node.input(0)?.isPerChannel == true { return "Dequantize has no kernel for values quantised per channel" }
    case .reduceAny, .reduceAll:
      guard let axes = node.input(1) else { return nil }
      if axes.constant == nil || axes.type != .i32 { return "the axes must be constants of 32 bits" }
    case .add, .sub, .mul, .div:
      if node.byteOption(0) == signBit { return "the fused activation SIGN_BIT has no kernel" }
    case .fullyConnected:
      if node.byteOption(0) == signBit { return "the fused activation SIGN_BIT has no kernel" }
    case .conv2D:
      if node.byteOption(3) == signBit { return "the fused activation SIGN_BIT has no kernel" }
      if node.input(0)?.dimensions.last == 1, node.option(4, default: 1) > 1 || node.option(5, default: 1) > 1 {
        return "a dilated convolution of one channel"
      }
    default: break
    }
    if (node.given + node.outputs).contains(where: { $0.dimensions.contains(0) }) { return "a tensor without elements" }
    return nil
  }

  private static let signBit = 5

  /// Why a partition will not compile.
  static func problem(inputs: Int) -> String? { inputs == 0 ? "a partition that reads nothing but constants" : nil }
}
