public import TensorTypes

/// `CONV_3D`: a three-dimensional convolution of volumes `[batch, depth, height, width, channels]` with filters
/// `[depth, height, width, input channels, output channels]`, plus a bias, clamped by the fused activation.
///
/// Inputs: volume, filters, optional bias (one element per output channel); all `float32`. Padding reads as zero.
public struct Conv3D: Operator {
  public static let definition = OperatorDefinition(.conv3D, versions: 1...1, options: 106)

  private let options: VolumetricOptions

  public init(options: OperatorOptions) throws(OperatorError) { self.options = try VolumetricOptions(options) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2...3)
    let geometry = try geometry(node)
    try options.check(node, inputs: [0, 1], bias: 2, channels: geometry.outputChannels)
    let dimensions = [
      geometry.batch, geometry.depth.output, geometry.height.output, geometry.width.output, geometry.outputChannels,
    ]
    guard let shape = Shape(dimensions) else { throw .malformed("the output \(dimensions) is too large") }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let geometry = try geometry(node)
    guard geometry.rows > 0 else { return Kernel { _ throws(OperatorError) in } }
    let bias = node.hasInput(2) ? 2 : nil
    let range = try options.activation.finiteRange(Float.self)
    let fast = try VolumetricConvolution(node, geometry: geometry, bias: bias, range: range)
    return fast?.kernel() ?? geometry.plainConvolution(bias: bias, range: range)
  }

  private func geometry(_ node: NodeContext) throws(OperatorError) -> VolumetricGeometry {
    let input = try node.input(0).shape
    let filter = try node.input(1).shape
    guard input.rank == 5, filter.rank == 5 else {
      throw .malformed("input \(input) and filter \(filter) must have rank 5")
    }
    guard input[4] > 0, filter[4] > 0, input[4] == filter[3] else {
      throw .malformed("filter \(filter) does not have the channels of input \(input)")
    }
    let windows = try options.windows(over: input, kernel: filter)
    return VolumetricGeometry(
      batch: input[0], depth: windows.depth, height: windows.height, width: windows.width, inputChannels: input[4],
      outputChannels: filter[4])
  }
}
