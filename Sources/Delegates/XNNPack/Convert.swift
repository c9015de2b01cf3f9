internal import CXNNPack
internal import FlatBuffers
internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

extension Lowering {
  /// `QUANTIZE`: `float32` to `int8` or `uint8`.
  static func quantize(_ node: DelegateNode) throws(Refusal) -> OperatorPlan {
    let operands = try ElementwiseOperands(node)
    let count = operands.count
    guard operands.input.element == .float32 else {
      throw Refusal("\(operands.input.element) input has no kernel in this library; float32 has")
    }
    let y = try TensorQuantization(operands.output, "the output")
    if operands.output.element == .int8 {
      return unsafe operands.plan(xnn_setup_convert_nc_f32_qs8) {
        unsafe xnn_create_convert_nc_f32_qs8(count, count, count, y.scale, y.int8ZeroPoint, -128, 127, 0, $0)
      }
    }
    return unsafe operands.plan(xnn_setup_convert_nc_f32_qu8) {
      unsafe xnn_create_convert_nc_f32_qu8(count, count, count, y.scale, y.uint8ZeroPoint, 0, 255, 0, $0)
    }
  }

  /// `DEQUANTIZE`: `int8`, `uint8` or `float16` to `float32`.
  static func dequantize(_ node: DelegateNode) throws(Refusal) -> OperatorPlan {
    let operands = try ElementwiseOperands(node)
    let count = operands.count
    guard operands.output.element == .float32 else {
      throw Refusal("\(operands.output.element) output has no kernel; float32 has")
    }
    if operands.input.element == .float16 {
      return unsafe operands.plan(
        create: { unsafe xnn_create_convert_nc_f16_f32(count, count, count, 0, $0) },
        setUp: { handle, at in
          unsafe xnn_setup_convert_nc_f16_f32(
            handle, 1, at.inputs[0], at.output.assumingMemoryBound(to: Float.self), at.threadPool)
        })
    }
    let x = try TensorQuantization(operands.input, "the input")
    if operands.input.element == .int8 {
      return unsafe operands.plan(xnn_setup_convert_nc_qs8_f32) {
        unsafe xnn_create_convert_nc_qs8_f32(count, count, count, x.scale, x.int8ZeroPoint, 0, $0)
      }
    }
    return unsafe operands.plan(xnn_setup_convert_nc_qu8_f32) {
      unsafe xnn_create_convert_nc_qu8_f32(count, count, count, x.scale, x.uint8ZeroPoint, 0, $0)
    }
  }

  /// `CAST`: between `float16` and `float32`.
  static func cast(_ node: DelegateNode) throws(Refusal) -> OperatorPlan {
    let operands = try ElementwiseOperands(node)
    let count = operands.count
    switch (operands.input.element, operands.output.element) {
    case (.float16, .float32): return try dequantize(node)
    case (.float32, .float16):
      return unsafe operands.plan(
        create: { unsafe xnn_create_convert_nc_f32_f16(count, count, count, 0, $0) },
        setUp: { handle, at in
          unsafe xnn_setup_convert_nc_f32_f16(
            handle, 1, at.inputs[0].assumingMemoryBound(to: Float.self), at.output, at.threadPool)
        })
    case (let input, let output):
      throw Refusal("a cast from \(input) to \(output) has no kernel in this library; float16 to and from float32 have")
    }
  }
}
