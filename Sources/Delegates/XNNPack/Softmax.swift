internal import CXNNPack
internal import FlatBuffers
internal import TFLiteRuntime
internal import TensorTypes

extension Lowering {
  /// `SOFTMAX` over the last dimension: `float32` with beta 1; `uint8` with output scale 1/256 and zero point 0.
  static func softmax(beta: Float, _ node: DelegateNode) throws(Refusal) -> OperatorPlan {
    let operands = try ElementwiseOperands(node)
    guard let channels = operands.input.shape.last, operands.output.shape.last == channels else {
      throw Refusal("a scalar has no last dimension")
    }
    let rows = operands.count / channels
    switch operands.input.element {
    case .float32:
      try operands.require(.float32)
      guard beta == 1 else { throw Refusal("beta is \(beta); 1 is taken") }
      return unsafe operands.plan(
        create: { unsafe xnn_create_softmax_nc_f32(channels, channels, channels, 0, $0) },
        setUp: { handle, at in
          unsafe xnn_setup_softmax_nc_f32(
            handle, rows, at.inputs[0].assumingMemoryBound(to: Float.self),
            at.output.assumingMemoryBound(to: Float.self), at.threadPool)
        })
    case .uint8:
      try operands.require(.uint8)
      let x = try TensorQuantization(operands.input, "the input")
      let y = try TensorQuantization(operands.output, "the output")
      guard y.scale == 0x1p-8, y.zeroPoint == 0 else {
        throw Refusal("the output has scale \(y.scale) and zero point \(y.zeroPoint), not 1/256 and 0")
      }
      let scale = x.scale * beta
      try TensorQuantization.check(scale, "the input times beta")
      return unsafe operands.plan(
        create: { unsafe xnn_create_softmax_nc_qu8(channels, channels, channels, scale, 0, 0x1p-8, 0, $0) },
        setUp: { handle, at in
          unsafe xnn_setup_softmax_nc_qu8(
            handle, rows, at.inputs[0].assumingMemoryBound(to: UInt8.self),
            at.output.assumingMemoryBound(to: UInt8.self), at.threadPool)
        })
    case .int8: throw Refusal("int8 softmax has no kernel in this library; float32 and uint8 have")
    default: throw Refusal("\(operands.input.element) softmax has no kernel; float32 and uint8 have")
    }
  }
}
