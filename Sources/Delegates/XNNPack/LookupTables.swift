internal import CXNNPack
internal import FlatBuffers
internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

extension Lowering {
  /// `LOGISTIC`: `float32`; `int8` and `uint8` with the output quantisation that TFLite asks for.
  static func logistic(_ node: DelegateNode) throws(Refusal) -> OperatorPlan {
    let operands = try ElementwiseOperands(node)
    guard operands.input.element != .float32 else { return try plan(.sigmoid, node) }
    let (x, y) = try quantization(operands)
    guard y.scale == 0x1p-8, y.zeroPoint == y.limits.lowerBound else {
      throw Refusal(
        "the output has scale \(y.scale) and zero point \(y.zeroPoint), not 1/256 and \(y.limits.lowerBound)")
    }
    let count = operands.count
    if operands.input.element == .int8 {
      return unsafe operands.plan(xnn_setup_sigmoid_nc_qs8) {
        unsafe xnn_create_sigmoid_nc_qs8(
          count, count, count, x.int8ZeroPoint, x.scale, y.int8ZeroPoint, y.scale, -128, 127, 0, $0)
      }
    }
    return unsafe operands.plan(xnn_setup_sigmoid_nc_qu8) {
      unsafe xnn_create_sigmoid_nc_qu8(
        count, count, count, x.uint8ZeroPoint, x.scale, y.uint8ZeroPoint, y.scale, 0, 255, 0, $0)
    }
  }

  /// `TANH`: `int8` and `uint8` with the output quantisation that TFLite asks for.
  static func tanh(_ node: DelegateNode) throws(Refusal) -> OperatorPlan {
    let operands = try ElementwiseOperands(node)
    guard operands.input.element != .float32 else {
      throw Refusal("float32 tanh has no kernel in this library; int8 and uint8 have")
    }
    let (x, y) = try quantization(operands)
    let middle = operands.input.element == .int8 ? 0 : 128
    guard y.scale == 0x1p-7, y.zeroPoint == middle else {
      throw Refusal("the output has scale \(y.scale) and zero point \(y.zeroPoint), not 1/128 and \(middle)")
    }
    let count = operands.count
    if operands.input.element == .int8 {
      return unsafe operands.plan(xnn_setup_tanh_nc_qs8) {
        unsafe xnn_create_tanh_nc_qs8(
          count, count, count, x.int8ZeroPoint, x.scale, y.int8ZeroPoint, y.scale, -128, 127, 0, $0)
      }
    }
    return unsafe operands.plan(xnn_setup_tanh_nc_qu8) {
      unsafe xnn_create_tanh_nc_qu8(
        count, count, count, x.uint8ZeroPoint, x.scale, y.uint8ZeroPoint, y.scale, 0, 255, 0, $0)
    }
  }

  /// `ELU`: `float32` and `int8`.
  static func elu(_ node: DelegateNode) throws(Refusal) -> OperatorPlan {
    let operands = try ElementwiseOperands(node)
    let count = operands.count
    guard operands.input.element != .float32 else {
      try operands.require(.float32)
      return unsafe operands.plan(xnn_setup_elu_nc_f32) { unsafe xnn_create_elu_nc_f32(count, count, count, 1, 0, $0) }
    }
    try operands.require(.int8)
    let (x, y) = try quantization(operands)
    return unsafe operands.plan(xnn_setup_elu_nc_qs8) {
      unsafe xnn_create_elu_nc_qs8(
        count, count, count, 1, x.int8ZeroPoint, x.scale, y.int8ZeroPoint, y.scale, -128, 127, 0, $0)
    }
  }

  /// `LEAKY_RELU`: `float32`, `float16`; `uint8` with a slope from 0 to 1.
  static func leakyRelu(slope: Float, _ node: DelegateNode) throws(Refusal) -> OperatorPlan {
    let operands = try ElementwiseOperands(node)
    let count = operands.count
    guard slope.isFinite else { throw Refusal("the slope \(slope) is not finite") }
    guard operands.input.element != .float32 else {
      try operands.require(.float32)
      return unsafe operands.plan(xnn_setup_leaky_relu_nc_f32) {
        unsafe xnn_create_leaky_relu_nc_f32(count, count, count, slope, 0, $0)
      }
    }
    if operands.input.element == .float16 {
      guard abs(slope) <= 65504 else { throw Refusal("the slope \(slope) is no float16") }
      return unsafe try operands.half(xnn_setup_leaky_relu_nc_f16) {
        unsafe xnn_create_leaky_relu_nc_f16(count, count, count, slope, 0, $0)
      }
    }
    try operands.require(.uint8)
    let (x, y) = try quantization(operands)
    guard slope > 0, slope.isNormal, slope <= 1 else {
      throw Refusal("the slope \(slope) is not above 0 and at most 1")
    }
    try TensorQuantization.check(ratio: x.scale / y.scale, in: 0x1p-8..<256, "the input's scale / the output's")
    return unsafe operands.plan(xnn_setup_leaky_relu_nc_qu8) {
      unsafe xnn_create_leaky_relu_nc_qu8(
        count, count, count, slope, x.uint8ZeroPoint, x.scale, y.uint8ZeroPoint, y.scale, 0, 255, 0, $0)
    }
  }

  private static func quantization(
    _ operands: ElementwiseOperands
  ) throws(Refusal) -> (input: TensorQuantization, output: TensorQuantization) {
    guard operands.input.element == operands.output.element else {
      throw Refusal("\(operands.input.element) input and \(operands.output.element) output have no kernel")
    }
    return (
      try TensorQuantization(operands.input, "the input"), try TensorQuantization(operands.output, "the output")
    )
  }
}
