internal import CXNNPack
internal import FlatBuffers
internal import TFLiteRuntime
internal import TensorTypes

extension Lowering {
  /// `DEPTH_TO_SPACE`: elements of four bytes.
  static func depthToSpace(_ node: DelegateNode) throws(Refusal) -> OperatorPlan {
    let operands = NodeOperands(node: node)
    let input = try operands.input(0).type
    let output = try operands.output()
    guard input.shape.rank == 4, output.type.shape.rank == 4, input.element == output.type.element,
      input.element.bitWidth == 32
    else { throw Refusal("input \(input) and output \(output.type) must have rank 4 and elements of four bytes") }
    let (batch, height, width) = (input.shape[0], input.shape[1], input.shape[2])
    let channels = output.type.shape[3]
    let block = output.type.shape[1] / height
    guard block > 1, block < 1 << 15, output.type.shape.dimensions == [batch, height * block, width * block, channels],
      input.shape[3] == channels * block * block
    else { throw Refusal("input \(input) and output \(output.type) do not belong to a block size above 1") }
    return unsafe OperatorPlan(
      name: node.name, inputs: [try operands.source(0)], output: output.tensor,
      action: .run(
        create: { handle in
          unsafe xnn_create_depth_to_space_nhwc_x32(
            channels, channels * block * block, channels, UInt32(block), 0, handle)
        },
        setUp: { handle, at in
          unsafe xnn_setup_depth_to_space_nhwc_x32(
            handle, batch, height, width, at.inputs[0], at.output, at.threadPool)
        }))
  }
}
