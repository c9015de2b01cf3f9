public import TensorTypes

/// `CONV_3D_TRANSPOSE`: the transpose of a three-dimensional convolution. Each input position adds its product with the filters
/// `[depth, height, width, output channels, input channels]` to a window of the output; then bias and fused activation apply.
///
/// Inputs: shape of the output (`int32`, 5 elements), filters, volume `[batch, depth, height, width, channels]`, optional bias (one element
/// per output channel); all but the shape `float32`. A convolution of the output with the same options must have the volume's size.
public struct Conv3DTranspose: Operator {
  public static let definition = OperatorDefinition(.conv3DTranspose, versions: 1...1, options: 106)

  private let options: VolumetricOptions

  public init(options: OperatorOptions) throws(OperatorError) { self.options = try VolumetricOptions(options) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 3...4)
    let shapeType = try node.input(0)
    guard shapeType.element == .int32, shapeType.shape.dimensions == [5] else {
      throw .malformed("the output shape is \(shapeType); it must be int32[5]")
    }
    let filter = try node.input(1).shape
    let input = try node.input(2).shape
    guard input.rank == 5, filter.rank == 5 else {
      throw .malformed("input \(input) and filter \(filter) must have rank 5")
    }
    guard input[4] > 0, filter[3] > 0, input[4] == filter[4] else {
      throw .malformed("filter \(filter) does not have the channels of input \(input)")
    }
    try options.check(node, inputs: [1, 2], bias: 3, channels: filter[3])
    let dimensions = try node.integers(0)
    guard let shape = Shape(dimensions) else { throw .invalidValue("\(dimensions) is no output shape") }
    _ = try geometry(node, shape)
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let output = try node.output(0).shape
    let geometry = try geometry(node, output)
    guard output.elementCount > 0 else { return Kernel { _ throws(OperatorError) in } }
    return try VolumetricTransposition(
      node, geometry: geometry, bias: node.hasInput(3) ? 3 : nil, range: try options.activation.finiteRange(Float.self)
    ).kernel()
  }

  /// Checks an output shape against the other operands, and answers the convolution that leads from the output back to the input.
  private func geometry(_ node: NodeContext, _ output: Shape) throws(OperatorError) -> VolumetricGeometry {
    let filter = try node.input(1).shape
    let input = try node.input(2).shape
    guard output.rank == 5, output[0] == input[0], output[4] == filter[3] else {
      throw .malformed("output shape \(output) does not match input \(input) and filter \(filter)")
    }
    let windows = try options.windows(over: output, kernel: filter)
    guard
      [windows.depth.output, windows.height.output, windows.width.output] == Array(input.dimensions[1...3])
    else { throw .malformed("output shape \(output) would not come from an input \(input)") }
    return VolumetricGeometry(
      batch: output[0], depth: windows.depth, height: windows.height, width: windows.width,
      inputChannels: input[4], outputChannels: filter[3])
  }
}
