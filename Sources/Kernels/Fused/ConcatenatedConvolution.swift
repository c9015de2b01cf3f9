package import TensorTypes

/// A `CONV_2D` or `DEPTHWISE_CONV_2D` that writes its result where a `CONCATENATION` along the channels has it.
///
/// Inputs: the convolution's. The output is the concatenation's, of which the convolution writes its channels alone. Made by graph passes for known
/// shapes, with the convolution's bits.
package struct ConcatenatedConvolution: Operator {
  package static let definition = OperatorDefinition(custom: "CONCATENATED_CONVOLUTION")

  private let convolution: any Operator
  private let result: TensorType
  private let shape: Shape
  private let channel: Int

  package init(options: OperatorOptions) throws(OperatorError) {
    throw .unsupported("made by graph passes only")
  }

  /// - Parameters:
  ///   - result: what the convolution gives by itself.
  ///   - shape: of the concatenation, with more channels.
  ///   - channel: the first channel that is the convolution's.
  package init(_ convolution: any Operator, result: TensorType, shape: Shape, channel: Int) {
    self.convolution = convolution
    self.result = result
    self.shape = shape
    self.channel = channel
  }

  package func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    let own = try convolution.infer(node.beginning(inputs: node.inputs.count, output: result, epilogue: nil))
    guard own == [result.shape], own[0].rank == shape.rank, let channels = shape.last, let width = own[0].last,
      own[0].dimensions.dropLast() == shape.dimensions.dropLast(), channel >= 0, channel <= channels - width
    else { throw .malformed("the convolution gives \(own), which is no part of \(shape)") }
    return [shape]
  }

  /// - Throws: `unsupported` where the convolution's kernel cannot write parts of pixels.
  package func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    var context = node.beginning(inputs: node.inputs.count, output: result, epilogue: nil)
    context.outputPitch = shape.last
    var kernel = try convolution.prepare(context)
    guard kernel.takesOutputPitch, result.element == (try node.output(0).element),
      let offset = result.element.byteCount(of: channel)
    else { throw .unsupported("a convolution that writes parts of pixels") }
    kernel.outputOffset = offset
    return kernel
  }
}

/// What is left of a `CONCATENATION` along the last axis when others write some of its inputs where they belong.
///
/// Inputs: the others, which are copied. Made by graph passes for known shapes.
package struct ConcatenationRest: Operator {
  package static let definition = OperatorDefinition(custom: "CONCATENATION_REST")

  private let shape: Shape
  private let starts: [Int]

  package init(options: OperatorOptions) throws(OperatorError) {
    throw .unsupported("made by graph passes only")
  }

  /// - Parameters:
  ///   - shape: of the output.
  ///   - starts: where each input begins along the last axis.
  package init(shape: Shape, starts: [Int]) {
    self.shape = shape
    self.starts = starts
  }

  package func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] { [shape] }

  package func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    guard shape.rank > 0, node.inputs.count == starts.count else { throw .malformed("an input without a place") }
    var copies = OperandCopies()
    for (index, start) in starts.enumerated() {
      let input = try node.input(index)
      guard input.shape.rank == shape.rank else { throw .malformed("\(input.shape) is no part of \(shape)") }
      copies.append(
        try Concatenation.copy(input, into: shape, axis: shape.rank - 1, start: start), input: index)
    }
    return copies.kernel
  }
}
