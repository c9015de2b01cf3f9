internal import FlatBuffers
internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

extension Lowering {
  /// `DEPTHWISE_CONV_2D`: constant `float32`, `float16`, `int8` (one scale, or one per output channel) or `uint8` filters.
  static func plan(_ operation: DepthwiseConv2D, _ node: DelegateNode) throws(Refusal) -> OperatorPlan {
    let operands = NodeOperands(node: node)
    let input = try operands.input(0).type
    let filter = try operands.input(1).type
    let bias = try operands.optionalInput(2)
    let output = try operands.output()
    guard input.shape.rank == 4, filter.shape.rank == 4, output.type.shape.rank == 4, filter.shape[0] == 1 else {
      throw Refusal("input and output must have rank 4, the filter shape [1, height, width, channels]")
    }
    let image = input.shape
    let channels = filter.shape[3]
    guard channels % image[3] == 0, output.type.shape[3] == channels, output.type.shape[0] == image[0] else {
      throw Refusal("filter \(filter) does not fit input \(input) and output \(output.type)")
    }
    let plan = ConvolutionPlan(
      batch: image[0],
      height: try SpatialWindow(
        "height", input: image[1], kernel: filter.shape[1], stride: Int(operation.strideHeight),
        dilation: Int(operation.dilationHeight), isSame: operation.padding == .same,
        expectedOutput: output.type.shape[1]),
      width: try SpatialWindow(
        "width", input: image[2], kernel: filter.shape[2], stride: Int(operation.strideWidth),
        dilation: Int(operation.dilationWidth), isSame: operation.padding == .same,
        expectedOutput: output.type.shape[2]),
      groups: image[3], groupInputChannels: 1, groupOutputChannels: channels / image[3], isDepthwise: true,
      filter: try operands.weights(1, "the filter"), bias: bias == nil ? nil : try operands.weights(2, "the bias"),
      arithmetic: try ProductArithmetic(
        input: input, filter: filter, bias: bias?.type, output: output.type, channels: channels, axis: 3,
        activation: operation.activation))
    try plan.check()
    return plan.plan(node.name, input: try operands.source(0), output: output.tensor)
  }
}
