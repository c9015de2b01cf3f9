package import TensorTypes

/// Convolutions of which each is the only reader of the one before, computed some lines of the image at a time through all of them, with the
/// elementwise operators after each.
///
/// Inputs: the image of the first convolution, `float32`, and the other operands of the elementwise operators after the last; weights are part
/// of the operator. Made by graph passes for known shapes, with the
/// bits that the operators give one after the other.
package struct ConvolutionChain: Operator {
  package static let definition = OperatorDefinition(custom: "CONVOLUTION_CHAIN")

  private let stages: [LineStage]
  private let input: Shape
  private let output: Shape

  package init(options: OperatorOptions) throws(OperatorError) {
    throw .unsupported("made by graph passes only")
  }

  /// - Parameters:
  ///   - input: the shape of the image.
  ///   - output: the shape of the last convolution's result.
  /// - Returns: nil where the convolutions are better computed one after the other.
  package init?(_ stages: [LineStage], input: Shape, output: Shape) throws(OperatorError) {
    guard try LineChain(stages, threads: 1) != nil, stages.first?.inputShape == input.dimensions,
      stages.last?.outputShape == output.dimensions
    else { return nil }
    self.stages = stages
    self.input = input
    self.output = output
  }

  package func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    let image = try node.input(0)
    guard image.element == .float32, image.shape == input else {
      throw .malformed("the image is \(image), made for float32 \(input)")
    }
    return [output]
  }

  package func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    guard let chain = try LineChain(stages, threads: node.threads) else {
      throw .unsupported("convolutions that do not follow one another")
    }
    return chain.kernel()
  }
}
