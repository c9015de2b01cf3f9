internal import CXNNPack
internal import FlatBuffers
internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

extension Lowering {
  /// `PRELU`: `float32` or `float16` with constant slopes, one per element of the last dimension.
  static func prelu(_ node: DelegateNode) throws(Refusal) -> OperatorPlan {
    let operands = NodeOperands(node: node)
    let elements = try ElementwiseOperands(node)
    let isHalf = elements.input.element == .float16
    if isHalf { try XNNPackLibrary.requireHalf() }
    try elements.require(isHalf ? .float16 : .float32)
    let slopes = try operands.input(1).type
    guard let channels = elements.input.shape.last, slopes.element == elements.input.element,
      slopes.shape.last == channels, slopes.shape.elementCount == channels,
      slopes.shape.rank <= elements.input.shape.rank
    else {
      throw Refusal("slopes \(slopes) are not one \(elements.input.element) for each element of the last dimension")
    }
    let slopeValues = try operands.weights(1, "the slopes")
    let values = slopeValues.bytes
    let rows = elements.count / channels
    return unsafe elements.plan(
      packing: OperatorKey(.prelu, numbers: [channels, isHalf ? 2 : 4], constants: [slopeValues]),
      create: { handle in
        if isHalf { return unsafe xnn_create_prelu_nc_f16(channels, channels, channels, values.baseAddress, 0, handle) }
        return unsafe xnn_create_prelu_nc_f32(
          channels, channels, channels, values.baseAddress.assumingMemoryBound(to: Float.self), 0, handle)
      },
      setUp: { handle, at in
        if isHalf { return unsafe xnn_setup_prelu_nc_f16(handle, rows, at.inputs[0], at.output, at.threadPool) }
        return unsafe xnn_setup_prelu_nc_f32(
          handle, rows, at.inputs[0].assumingMemoryBound(to: Float.self), at.output.assumingMemoryBound(to: Float.self),
          at.threadPool)
      })
  }
}
