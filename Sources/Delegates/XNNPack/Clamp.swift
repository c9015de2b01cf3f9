internal import CXNNPack
internal import FlatBuffers
internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

extension Lowering {
  /// `RELU`, `RELU6`, `RELU_N1_TO_1`, `RELU_0_TO_1`: `float32`, `float16`, and `int8` and `uint8` with one quantisation for input and output.
  static func clamp(_ range: ClosedRange<Float>, _ node: DelegateNode) throws(Refusal) -> OperatorPlan {
    let operands = try ElementwiseOperands(node)
    let count = operands.count
    guard operands.input.element == operands.output.element else {
      throw Refusal("\(operands.input.element) input and \(operands.output.element) output have no kernel")
    }
    switch operands.input.element {
    case .float32:
      return unsafe operands.plan(xnn_setup_clamp_nc_f32) {
        unsafe xnn_create_clamp_nc_f32(count, count, count, range.lowerBound, range.upperBound, 0, $0)
      }
    case .float16:
      return unsafe try operands.half(xnn_setup_clamp_nc_f16) {
        unsafe xnn_create_clamp_nc_f16(count, count, count, range.lowerBound, range.upperBound, 0, $0)
      }
    case .int8, .uint8:
      let quantization = try TensorQuantization(operands.input, "the input")
      guard try TensorQuantization(operands.output, "the output") == quantization else {
        throw Refusal("input and output have different scales or zero points")
      }
      let low = quantized(range.lowerBound, quantization)
      let high = quantized(range.upperBound, quantization)
      guard low < high else { throw Refusal("the activation leaves the output no range") }
      if operands.input.element == .int8 {
        return unsafe operands.plan(xnn_setup_clamp_nc_s8) {
          unsafe xnn_create_clamp_nc_s8(count, count, count, Int8(low), Int8(high), 0, $0)
        }
      }
      return unsafe operands.plan(xnn_setup_clamp_nc_u8) {
        unsafe xnn_create_clamp_nc_u8(count, count, count, UInt8(low), UInt8(high), 0, $0)
      }
    default: throw Refusal("\(operands.input.element) input has no kernel; float32, float16, int8 and uint8 have")
    }
  }

  /// The nearest quantised value, inside the element type.
  private static func quantized(_ value: Float, _ quantization: TensorQuantization) -> Int {
    let scaled = Double(quantization.zeroPoint) + (Double(value) / Double(quantization.scale)).rounded()
    return Int(min(max(scaled, Double(quantization.limits.lowerBound)), Double(quantization.limits.upperBound)))
  }
}
