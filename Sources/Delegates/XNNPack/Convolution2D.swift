internal import FlatBuffers
internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

extension Lowering {
  /// `CONV_2D`: constant `float32`, `float16`, `int8` (one scale, or one per output channel) or `uint8` filters.
  static func plan(_ operation: Conv2D, _ node: DelegateNode) throws(Refusal) -> OperatorPlan {
    let operands = NodeOperands(node: node)
    let input = try operands.input(0).type
    let filter = try operands.input(1).type
    let bias = try operands.optionalInput(2)
    let output = try operands.output()
    guard input.shape.rank == 4, filter.shape.rank == 4, output.type.shape.rank == 4 else {
      throw Refusal("input, filter and output must have rank 4")
    }
    let image = input.shape
    let channels = filter.shape[0]
    guard image[3] % filter.shape[3] == 0, channels % (image[3] / filter.shape[3]) == 0,
      output.type.shape[3] == channels, output.type.shape[0] == image[0]
    else { throw Refusal("filter \(filter) does not fit input \(input) and output \(output.type)") }
    let groups = image[3] / filter.shape[3]
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
      groups: groups, groupInputChannels: filter.shape[3], groupOutputChannels: channels / groups, isDepthwise: false,
      filter: try operands.weights(1, "the filter"), bias: bias == nil ? nil : try operands.weights(2, "the bias"),
      arithmetic: try ProductArithmetic(
        input: input, filter: filter, bias: bias?.type, output: output.type, channels: channels, axis: 0,
        activation: operation.activation))
    try plan.check()
    return plan.plan(node.name, input: try operands.source(0), output: output.tensor)
  }
}
